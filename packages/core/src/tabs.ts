import { elapsed, type Instant, instant } from './deadline.ts'
import { parseTokenResponse } from './token-response.ts'
import { openSource, type TokenSource } from './token-source.ts'

/** How long a tab listens to the others before it asks (ms). */
const LISTEN = 50
/** How long it waits for the answer of one that asks already. */
const PATIENCE = 3000
/** A token with less than this part of its life left is about to be renewed: not worth handing on. */
const WORTH = 1 / 3

/** What tabs tell each other. Only pages of one origin hear it. */
type Message =
  | { readonly type: 'ask'; readonly rank: number }
  | { readonly type: 'rejected'; readonly value: string }
  | ({ readonly type: 'token' } & Shared)

interface Shared {
  readonly value: string
  readonly scope: string | undefined
  /** Epoch ms; the tabs of one machine share its clock. */
  readonly expiresAt: number
  readonly lifetime: number
}

/**
 * A source whose tokens the tabs of one browser share: whichever asks first tells the others, so that
 * ten tabs cost about as many exchanges as one. There is no leader and no lock; a tab that hears
 * nothing asks for itself. It listens only while it holds a token or waits for one.
 *
 * **The risk.** Each token becomes readable to every script on every page of this origin that knows the
 * channel's name, not only to the page that asked for it. Leave this out where pages of one origin do
 * not trust each other. Tabs of different users must not share either: put into the name what changes
 * with the user, or a new user gets the former one's token from a tab that is still open.
 *
 * @param channel Name of the BroadcastChannel, such as `` `map-tokens-${userId}` ``.
 * @returns A function; a `grant` belongs into `options.grant` here, not into the manager's.
 */
export function shareAcrossTabs(
  source: TokenSource,
  { channel: name, grant }: { channel: string; grant?: string },
): Exclude<TokenSource, string | URL> {
  if (!name) throw new TypeError('"channel" must name the BroadcastChannel that the tabs share')
  const ask = openSource(source, grant)
  const refused = new Set<string>()
  let best: (Shared & { readonly since: Instant }) | undefined
  /** What the manager got last. */
  let given: string | undefined
  let channel: BroadcastChannel | undefined
  let waiting = 0
  let closing: ReturnType<typeof setTimeout> | undefined
  /** Below every rank while an exchange runs: nobody's turn comes before. */
  let rank = Number.POSITIVE_INFINITY
  let outranked = false
  let notify: (() => void) | undefined

  const left = () =>
    best ? best.expiresAt - best.since.wall - elapsed(best.since, instant()) : 0
  const usable = () => !!best && best.value !== given && left() > best.lifetime * WORTH
  const post = (message: Message) => channel?.postMessage(message)

  function keep(shared: Shared): void {
    const { value, expiresAt, lifetime } = shared
    if (refused.has(value) || expiresAt <= (best?.expiresAt ?? 0)) return
    const since = instant()
    if (expiresAt <= since.wall || expiresAt - since.wall > lifetime) return
    best = { ...shared, since }
    rest()
  }

  function refuse(value: string): void {
    refused.add(value)
    if (refused.size > 100) refused.delete([...refused][0] as string)
    if (best?.value === value) best = undefined
  }

  function hear({ data }: MessageEvent<Message>): void {
    if (data.type === 'token') keep(data)
    else if (data.type === 'rejected') refuse(data.value)
    else if (left() > (best?.lifetime ?? 0) * WORTH) tell()
    else if (rank < data.rank) post({ type: 'ask', rank })
    else outranked ||= data.rank < rank
    notify?.()
  }

  function tell(): void {
    if (!best) return
    const { value, scope, expiresAt, lifetime } = best
    post({ type: 'token', value, scope, expiresAt, lifetime })
  }

  /** Closes the channel once there is nothing to tell and nothing to wait for. */
  function rest(): void {
    clearTimeout(closing)
    if (waiting > 0) return
    const remaining = left()
    if (remaining > 0) {
      closing = setTimeout(rest, Math.min(remaining, 3_600_000))
      ;(closing as { unref?: () => void }).unref?.()
    } else {
      channel?.close()
      channel = best = undefined
    }
  }

  function open(): void {
    if (channel || typeof BroadcastChannel === 'undefined') return
    channel = new BroadcastChannel(name)
    channel.onmessage = hear
    ;(channel as { unref?: () => void }).unref?.()
  }

  /** Waits until a token worth having has come, or `enough()` after some news, or the time is over. */
  function listen(limit: number, signal: AbortSignal, enough: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        notify = undefined
        resolve()
      }
      const timer = setTimeout(end, limit)
      signal.addEventListener('abort', end)
      notify = () => (usable() || enough()) && end()
    })
  }

  /** @returns the other tabs' token, if they have or get one. */
  async function askOthers(signal: AbortSignal): Promise<boolean> {
    if (usable()) return true
    rank = Math.random()
    outranked = false
    post({ type: 'ask', rank })
    await listen(LISTEN, signal, () => outranked)
    if (outranked && !usable()) await listen(PATIENCE, signal, () => false)
    return usable()
  }

  return async ({ reason, signal }) => {
    open()
    waiting += 1
    try {
      if (reason === 'rejected' && given !== undefined) {
        refuse(given)
        post({ type: 'rejected', value: given })
      }
      // A second "first" follows invalidate(): whose token the other tabs hold, nobody knows.
      const afresh = reason === 'requested' || (reason === 'first' && given !== undefined)
      if (!afresh && channel && (await askOthers(signal)) && best) {
        given = best.value
        return Response.json({
          access_token: best.value,
          token_type: 'Bearer',
          expires_in: left() / 1000,
          scope: best.scope,
        })
      }
      signal.throwIfAborted()
      rank = -1
      if (afresh) best = undefined
      const sentAt = Date.now()
      const response = await ask({ reason, signal })
      if (signal.aborted || !response.ok) return response
      const token = await parseTokenResponse(response.clone(), sentAt).catch(() => undefined)
      if (token && !signal.aborted) {
        const { value, scope, expiresAt } = token
        given = value
        keep({ value, scope, expiresAt, lifetime: expiresAt - sentAt })
        if (best?.value === value) tell()
      }
      return response
    } finally {
      rank = Number.POSITIVE_INFINITY
      waiting -= 1
      rest()
    }
  }
}

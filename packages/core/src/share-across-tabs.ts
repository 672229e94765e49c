import { parseTokenResponse } from './token-response.ts'
import { openSource, type RenewalReason, type TokenSource } from './token-source.ts'

/** A token with less than this share of its lifetime left is due for renewal, so not worth taking over. */
const USEFUL = 0.3
/** What another tab's exchange may take before we ask too: this share of a lifetime, at most these ms. */
const PATIENCE = { share: 0.1, limit: 2_000 }
/** Tabs that wake together spread over this share of a lifetime, at most these ms. */
const SPREAD = { share: 0.01, limit: 100 }
/** Tokens of other tabs refused in a row, after which only an exchange of our own is trusted. */
const MAX_REFUSED = 2
const MAX_REMEMBERED = 32

/** What tabs tell each other; `left` is the epoch ms at which the exchange left, `lifetime` is in ms. */
type Message =
  | { readonly type: 'asking' }
  | {
      readonly type: 'token'
      readonly value: string
      readonly left: number
      readonly lifetime: number
      readonly scope?: string | undefined
    }
type Shared = Extract<Message, { type: 'token' }>

/** Options of {@link shareAcrossTabs}. */
export interface ShareAcrossTabsOptions {
  /**
   * Name of the BroadcastChannel. Tabs on one channel swap tokens, so it must differ for whatever makes
   * tokens differ: user, grant, scope. For example `map-token:${userId}`.
   */
  readonly channel: string
}

/**
 * Wraps a source so that the tabs of an origin share renewals: `createTokenManager(shareAcrossTabs('/map-token',
 * { channel: `map-token:${userId}` }), …)`. A tab asks for its first token itself, after `invalidate()`
 * and for `renew()` as well; when a renewal is due it takes over the newest token that any tab has got
 * meanwhile. There is no leader and no lock: a tab that closes or hangs delays the others by at most 4 s.
 *
 * **The risk.** Every script of the origin can listen to a BroadcastChannel, in every page, frame and worker,
 * and can offer tokens too. Without it, a token is in the memory of the page that asked for it, and nowhere
 * else. Do not share on an origin that runs code you do not trust, and leave it off where ten tabs may
 * as well make ten requests per lifetime.
 *
 * What it hears is checked for shape and time. A token that a server refused is never taken again by
 * that tab, and after two refused ones in a row it trusts its own exchange only.
 *
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export function shareAcrossTabs(
  source: TokenSource,
  { channel: name }: ShareAcrossTabsOptions,
): Exclude<TokenSource, string | URL> {
  if (!name) throw new TypeError('"channel" must be a name')
  const ask = openSource(source, undefined)
  const refused = new Set<string>()
  let channel: BroadcastChannel | undefined
  /** The newest that any tab has got. */
  let newest: Shared | undefined
  /** What our manager has, and whether another tab got it. */
  let handed: Shared | undefined
  let isForeign = false
  let refusals = 0
  /** When another tab last said that it asks. */
  let othersAskedAt = Number.NEGATIVE_INFINITY
  const wakers = new Set<() => void>()

  function open(): void {
    if (channel || typeof BroadcastChannel === 'undefined') return
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => hear(data)
    // In Node a channel keeps the process alive.
    ;(channel as { unref?: () => void }).unref?.()
    // An open channel can keep a page out of the back-forward cache; the next use opens another.
    globalThis.addEventListener?.('pagehide', close, { once: true })
  }

  function close(): void {
    channel?.close()
    channel = undefined
  }

  function hear(data: unknown): void {
    const { type } = (data ?? {}) as { type?: unknown }
    if (type === 'asking') othersAskedAt = Date.now()
    const heard = findShared(data)
    if (!heard || refused.has(heard.value) || (newest && newest.left >= heard.left)) return
    newest = heard
    othersAskedAt = Number.NEGATIVE_INFINITY
    for (const wake of wakers) wake()
  }

  function findUseful(): Shared | undefined {
    const isNews = newest && newest.value !== handed?.value
    return isNews && newest && timeLeft(newest) > newest.lifetime * USEFUL ? newest : undefined
  }

  /** Resolves after so many ms, or as soon as a token is heard. @throws the signal's reason. */
  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        wakers.delete(end)
        signal.removeEventListener('abort', end)
        if (signal.aborted) reject(signal.reason)
        else resolve()
      }
      const timer = setTimeout(end, ms)
      wakers.add(end)
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
    })
  }

  /** A token that another tab has got, or is about to get; undefined when we have to ask. */
  async function takeOver(signal: AbortSignal): Promise<Shared | undefined> {
    const lifetime = handed?.lifetime ?? 0
    const part = ({ share, limit }: typeof PATIENCE) => Math.min(lifetime * share, limit)
    const until = Date.now() + part(PATIENCE) * (1 + Math.random())
    let found = findUseful()
    if (!found) await pause(Math.random() * part(SPREAD), signal)
    for (;;) {
      found ??= findUseful()
      const now = Date.now()
      const wait = Math.min(othersAskedAt + part(PATIENCE), until) - now
      if (found || !(wait > 0)) return found
      await pause(wait, signal)
      // Whoever waited for the same tab does not go on at the same moment.
      if (!findUseful()) await pause(Math.random() * part(SPREAD), signal)
    }
  }

  async function exchange(reason: RenewalReason, signal: AbortSignal): Promise<Response> {
    post({ type: 'asking' })
    const left = Date.now()
    const response = await ask({ reason, signal })
    // The manager judges the answer itself; here only a good one counts.
    const token = await parseTokenResponse(response?.clone?.(), left).catch(() => undefined)
    if (token && !signal.aborted) {
      const { value, expiresAt, scope } = token
      newest = handed = { type: 'token', value, left, lifetime: expiresAt - left, scope }
      isForeign = false
      post(newest)
    }
    return response
  }

  function post(message: Message): void {
    channel?.postMessage(message)
  }

  return async ({ reason, signal }) => {
    open()
    if (reason === 'rejected' && handed) {
      refused.add(handed.value)
      for (const value of refused) if (refused.size > MAX_REMEMBERED) refused.delete(value)
      refusals = isForeign ? refusals + 1 : 0
    } else if (reason === 'expiring') refusals = 0
    // After invalidate() the user may be another one, so what was heard does not count.
    const isOwn = reason === 'first' || reason === 'requested' || refusals >= MAX_REFUSED
    const shared = isOwn ? undefined : await takeOver(signal)
    if (!shared) return exchange(reason, signal)
    handed = shared
    isForeign = true
    return toResponse(shared)
  }
}

const timeLeft = ({ left, lifetime }: Shared) => left + lifetime - Date.now()

/** What was heard, if it is a token that can be true. A clock that was set back makes all of them untrue. */
function findShared(data: unknown): Shared | undefined {
  const { type, value, left, lifetime, scope } = (data ?? {}) as Record<string, unknown>
  if (type !== 'token' || typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    return undefined
  if (typeof left !== 'number' || typeof lifetime !== 'number') return undefined
  const age = Date.now() - left
  if (!(age >= 0 && lifetime > age && lifetime < 1e12)) return undefined
  return { type, value, left, lifetime, scope: typeof scope === 'string' ? scope : undefined }
}

/** As the endpoint would answer now (RFC 6749 §5.1). */
function toResponse(token: Shared): Response {
  const { value, scope } = token
  const body: Record<string, unknown> = {
    access_token: value,
    token_type: 'Bearer',
    expires_in: timeLeft(token) / 1000,
    scope,
  }
  return Response.json(body)
}

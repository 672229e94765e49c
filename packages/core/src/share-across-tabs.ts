import { isTokenValue, parseTokenResponse } from './token-response.ts'
import { openSource, type RenewalReason, type TokenSource } from './token-source.ts'
import { createWaitingRoom } from './waiting-room.ts'

/** A token with less than this share of its lifetime remaining is due for renewal, so it is not taken over. */
const USEFUL = 0.3
/** How long to wait for another tab's exchange: this share of a lifetime, at most these ms. */
const PATIENCE = { share: 0.1, limit: 2_000 }
/** Tabs that wake together spread over this share of a lifetime, at most these ms. */
const SPREAD = { share: 0.01, limit: 100 }
/** After so many refused tokens of other tabs in a row, a tab trusts only its own exchange. */
const MAX_REFUSED = 2
const MAX_REMEMBERED = 32

/** What tabs send each other. `left`: epoch ms at which the exchange departed; `lifetime`: ms. */
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
   * Name of the BroadcastChannel. Tabs on one channel exchange tokens, so the name must contain everything
   * that makes tokens differ: user, grant, scope. For example `map-token:${userId}`.
   */
  readonly channel: string
}

/**
 * Wraps a source so that the tabs of an origin share renewals: `createTokenManager(shareAcrossTabs('/map-token',
 * { channel: `map-token:${userId}` }), …)`. Each tab makes its own exchange for its first token, after
 * `invalidate()` and for `renew()`. When a renewal is due, it takes over the newest token that any tab has
 * obtained since. There is no leader and no lock: a tab that closes or hangs delays the others by at most 4 s.
 *
 * **The risk.** Every script of the origin, in every page, frame and worker, can listen to a BroadcastChannel
 * and offer tokens on it. Without sharing, a token exists only in the memory of the page that asked for it.
 * Do not share on an origin that runs code you do not trust. If ten tabs may as well make ten requests per
 * lifetime, do not share either.
 *
 * Messages are checked for shape and time. A tab never takes over a token that a server refused to it; after
 * two refused tokens in a row it trusts only its own exchange.
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
  /** The newest token of any tab. */
  let newest: Shared | undefined
  /** The token that our manager has, and whether another tab obtained it. */
  let handed: Shared | undefined
  let isForeign = false
  let refusals = 0
  /** When another tab last announced an exchange. */
  let othersAskedAt = Number.NEGATIVE_INFINITY
  /** Requests that wait for another tab. */
  const room = createWaitingRoom<undefined>()

  function open(): void {
    if (channel || typeof BroadcastChannel === 'undefined') return
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => receive(data)
    // In Node a channel keeps the process alive.
    ;(channel as { unref?: () => void }).unref?.()
    // An open channel can keep a page out of the back-forward cache; the next use opens another one.
    globalThis.addEventListener?.('pagehide', close, { once: true })
  }

  function close(): void {
    channel?.close()
    channel = undefined
  }

  function receive(data: unknown): void {
    const { type } = (data ?? {}) as { type?: unknown }
    if (type === 'asking') othersAskedAt = Date.now()
    const received = findShared(data)
    if (!received || refused.has(received.value) || (newest && newest.left >= received.left)) return
    newest = received
    othersAskedAt = Number.NEGATIVE_INFINITY
    room.resolve(undefined)
  }

  function findUseful(): Shared | undefined {
    const isNews = newest && newest.value !== handed?.value
    return isNews && newest && remaining(newest) > newest.lifetime * USEFUL ? newest : undefined
  }

  /** Resolves after so many ms, or as soon as a token is received. @throws the signal's reason. */
  const pause = (ms: number, signal: AbortSignal) => room.wait(ms, () => undefined, signal)

  /** A token that another tab has obtained or is about to obtain; undefined if this tab has to ask. */
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
      // Tabs that waited for the same tab must not continue at the same moment.
      if (!findUseful()) await pause(Math.random() * part(SPREAD), signal)
    }
  }

  async function exchange(reason: RenewalReason, signal: AbortSignal): Promise<Response> {
    post({ type: 'asking' })
    const left = Date.now()
    const response = await ask({ reason, signal })
    // The manager judges the answer itself; here only a valid one counts.
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
    // After invalidate() the user may be another one, so tokens received before do not count.
    const isOwn = reason === 'first' || reason === 'requested' || refusals >= MAX_REFUSED
    const shared = isOwn ? undefined : await takeOver(signal)
    if (!shared) return exchange(reason, signal)
    handed = shared
    isForeign = true
    return toResponse(shared)
  }
}

const remaining = ({ left, lifetime }: Shared) => left + lifetime - Date.now()

/** The message, if it is a token that can be valid. A clock that was set back makes every token invalid. */
function findShared(data: unknown): Shared | undefined {
  const { type, value, left, lifetime, scope } = (data ?? {}) as Record<string, unknown>
  if (type !== 'token' || !isTokenValue(value)) return undefined
  if (typeof left !== 'number' || typeof lifetime !== 'number') return undefined
  const age = Date.now() - left
  if (!(age >= 0 && lifetime > age && lifetime < 1e12)) return undefined
  return { type, value, left, lifetime, scope: typeof scope === 'string' ? scope : undefined }
}

/** What the endpoint would return now (RFC 6749 §5.1). */
function toResponse(token: Shared): Response {
  const { value, scope } = token
  const body: Record<string, unknown> = {
    access_token: value,
    token_type: 'Bearer',
    expires_in: remaining(token) / 1000,
    scope,
  }
  return Response.json(body)
}

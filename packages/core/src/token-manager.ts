import type { AccessToken } from './access-token.ts'
import { type AllowRule, createAllowList, type ResolvedRule } from './allow-list.ts'
import { type AuthorizedRequest, attachToken } from './authorize.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { elapsed, type Instant, instant } from './deadline.ts'
import { TokenError } from './errors.ts'
import { createEmitter, type TokenManagerEvents, type TokenState } from './events.ts'
import { exchange, type Outcome } from './exchange.ts'
import { nextAttemptAt, renewalLead } from './renewal.ts'
import { openSource, type RenewalReason, type TokenSource } from './token-source.ts'
import { createWaitingRoom } from './waiting.ts'
import { isHidden, onWake } from './wake.ts'

/** A timer beyond 2³¹−1 ms fires at once; ours are hints and look again at least once an hour. */
const MAX_TIMER = 3_600_000

/** Options of {@link createTokenManager}. */
export interface TokenManagerOptions {
  /** The URL prefixes that may carry the token, compared by parsed origin and path segment. The longest wins. */
  readonly allow: readonly AllowRule[]
  /** Names what the page asks for, in the body of the request; only with a URL as the source. */
  readonly grant?: string
  /** Milliseconds that a request may wait for a token; default 10 000. */
  readonly waitLimit?: number
  /** Tells whether a server's answer means "this token is no good"; default: its status is 401. */
  readonly isAuthFailure?: (response: Response) => boolean | Promise<boolean>
}

/** Owns one access token: fetches, renews and attaches it. Plugins accept anything of this shape. */
export interface TokenManager {
  /** The URL prefixes that may carry the token, as given. */
  readonly allow: readonly AllowRule[]
  readonly state: TokenState
  /** The token, if it is still valid. Causes no request. */
  peek(): AccessToken | undefined
  /**
   * Resolves to a token that is still valid; inside the renewal margin it renews behind the answer.
   *
   * @param options.signal Detaches this caller only; the shared exchange continues.
   * @throws {@link TokenError} `ERR_TOKEN_DENIED` if the broker refuses, `ERR_TOKEN_UNAVAILABLE` or
   *   `ERR_TOKEN_RESPONSE_INVALID` if there is none within `waitLimit`.
   */
  getToken(options?: { signal?: AbortSignal | null | undefined }): Promise<AccessToken>
  /**
   * Exchanges now, and ends the state `denied`. A running exchange is shared.
   *
   * @throws {@link TokenError} if this one exchange fails.
   */
  renew(): Promise<AccessToken>
  /** For sign-out and change of user: forgets the token and aborts whoever waits. The next use starts afresh. */
  invalidate(): void
  /** Tells that a server refused this token. One that has already been replaced costs nothing. */
  reject(value: string): void
  /** The longest rule that covers the URL, with its prefix resolved; undefined where no token may go. */
  match(url: string): ResolvedRule | undefined
  /**
   * The request with its token: at once when a fresh token is in hand, else a promise. Undefined for a
   * URL that is not allowed to carry it. When the broker cannot be reached within `waitLimit`, the last
   * token goes out, so that caches can answer.
   *
   * @throws {@link TokenError} as `getToken`, by rejection.
   */
  authorize(
    url: string,
    options?: { signal?: AbortSignal | null | undefined },
  ): AuthorizedRequest | Promise<AuthorizedRequest> | undefined
  /**
   * `fetch` with the token; a refused token is renewed and the request replayed once. Redirects are
   * errors unless `init.redirect` says otherwise. A URL that is not allowed goes out as it is.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * Whether an answer means that the token was refused. For whoever fetches without `fetch` above;
   * also reports `ERR_URL_NOT_ALLOWED` when a URL beside the list was answered with 401 or 403.
   */
  isAuthFailure(url: string, response: Response): boolean | Promise<boolean>
  /** Listens; while anybody does, the token is kept fresh in the visible page. Returns the way to stop. */
  on<T extends keyof TokenManagerEvents>(
    type: T,
    listener: (event: TokenManagerEvents[T]) => void,
  ): () => void
  /** `invalidate()`, and drops every listener and timer. The next use starts afresh. */
  dispose(): void
}

interface Held {
  readonly token: AccessToken
  readonly since: Instant
  readonly lifetime: number
  readonly lead: number
}

/**
 * Creates a manager. Nothing happens before its first use, so it may be made anywhere, on a server too.
 *
 * @param source The endpoint that answers RFC 6749 §5.1 JSON, or a function that asks it.
 * @throws TypeError, RangeError for wrong options, naming the option.
 */
export function createTokenManager(
  source: TokenSource,
  options: TokenManagerOptions,
): TokenManager {
  const { allow, grant, waitLimit = 10_000, isAuthFailure } = options ?? {}
  if (grant !== undefined && typeof source === 'function') {
    throw new TypeError(
      '"grant" goes with a URL as the source; a function names the grant in its own request',
    )
  }
  if (!(waitLimit >= 0 && waitLimit < 2 ** 31)) {
    throw new RangeError('"waitLimit" must be a number of milliseconds from 0 to 2147483647')
  }
  const allowed = createAllowList(allow)
  const ask = openSource(source, grant)
  const room = createWaitingRoom<AccessToken>()
  const events = createEmitter(() => pump())

  let held: Held | undefined
  let last:
    | (Pick<Outcome, 'left' | 'ended'> & { interval: number; repeated: boolean; random: number })
    | undefined
  let failure: TokenError | undefined
  let failures = 0
  let failingSince = 0
  let strikes = 0
  let running: Promise<Outcome['result']> | undefined
  let abort = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopWake: (() => void) | undefined
  let announced: TokenState = 'idle'
  let wrongUrlReported = false

  const left = (now = instant()) => (held ? held.lifetime - elapsed(held.since, now) : 0)
  const live = (now?: Instant) => (left(now) > 0 ? held?.token : undefined)
  const denied = () => failure?.code === 'ERR_TOKEN_DENIED'

  function currentState(): TokenState {
    if (running) return 'renewing'
    if (denied()) return 'denied'
    if (live()) return 'fresh'
    return failure ? 'unavailable' : 'idle'
  }

  function announce(): void {
    const state = currentState()
    if (state === announced) return
    announced = state
    events.emit('state', state)
  }

  /** When the next exchange is due, on the steady clock. */
  function dueAt(): number {
    const now = instant()
    if (!last) return now.steady
    const remaining = left(now)
    return nextAttemptAt({
      now: now.steady,
      leftAt: last.left.steady,
      endedAt: last.ended.steady,
      // The first refusal of a token is met at once; a second in a row looks like a loop.
      failures: failures + (remaining > 0 ? 0 : Math.max(0, strikes - 1)),
      retryAfter: failure?.retryAfter,
      held: held && remaining > 0 ? { lifetime: held.lifetime, left: remaining } : undefined,
      repeatedAfter: last.repeated ? last.interval : undefined,
      random: last.random,
    })
  }

  /** Starts what is due, plans what is not. Harmless to call at any time. */
  function pump(): void {
    clearTimeout(timer)
    const kept = events.size > 0
    if (kept) stopWake ??= onWake(pump)
    else {
      stopWake?.()
      stopWake = undefined
    }
    const background = kept && last !== undefined && !isHidden()
    if (running || denied() || !(room.size > 0 || background)) return
    const delay = dueAt() - performance.now()
    if (delay <= 0) void attempt(reason())
    else {
      timer = setTimeout(pump, Math.min(delay, MAX_TIMER))
      // In Node a map of nothing keeps no process alive; in a page timers are numbers.
      if (room.size === 0) (timer as { unref?: () => void }).unref?.()
    }
  }

  function reason(): RenewalReason {
    if (held) return live() ? 'expiring' : 'expired'
    return strikes > 0 ? 'rejected' : 'first'
  }

  function attempt(why: RenewalReason): Promise<Outcome['result']> {
    if (running) return running
    const { signal } = abort
    if (why === 'expiring') strikes = 0
    const run = exchange(ask, why, signal).then((outcome) => {
      // An exchange that left before invalidate() must not bring the old token back.
      if (!signal.aborted) settle(outcome)
      return outcome.result
    })
    running = run
    announce()
    return run
  }

  function settle({ left: leftAt, ended, result }: Outcome): void {
    running = undefined
    const before = last
    last = {
      left: leftAt,
      ended,
      random: Math.random(),
      interval: before ? leftAt.steady - before.left.steady : 0,
      repeated: !(result instanceof Error) && result.value === held?.token.value,
    }
    const lifetime = result instanceof Error ? 0 : result.expiresAt - leftAt.wall
    if (result instanceof Error) fail(result)
    else if (elapsed(leftAt, ended) >= lifetime) {
      fail(new TokenError('ERR_TOKEN_UNAVAILABLE', 'The token had expired when it arrived.'))
    } else {
      held = { token: result, since: leftAt, lifetime, lead: renewalLead(lifetime, last.random) }
      failure = undefined
      failures = 0
      announce()
      events.emit('renewed', { expiresAt: result.expiresAt })
      room.resolve(result)
    }
    announce()
    pump()
  }

  function fail(error: TokenError): void {
    if (failures === 0) failingSince = performance.now()
    failure = error
    failures += 1
    announce()
    events.emit('error', error)
    if (denied()) room.reject(error)
  }

  function obtain(signal?: AbortSignal | null): Promise<AccessToken> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (denied()) return Promise.reject(failure)
    const limit = () =>
      failure ??
      new TokenError('ERR_TOKEN_UNAVAILABLE', `No token came within ${waitLimit / 1000} s.`)
    const waiting = room.wait(waitLimit, limit, signal)
    pump()
    return waiting
  }

  function authorize(url: string, { signal }: { signal?: AbortSignal | null | undefined } = {}) {
    const rule = allowed.match(url)
    if (!rule) return undefined
    const remaining = left()
    if (held && remaining > 0) {
      if (remaining <= held.lead) renewBehind()
      return attachToken(url, rule, held.token.value)
    }
    // Long out of reach: the caches that know this URL need not wait for a broker any more.
    if (held && failures > 0 && !denied() && performance.now() - failingSince >= waitLimit) {
      renewBehind()
      return attachToken(url, rule, held.token.value)
    }
    return obtain(signal).then(
      ({ value }) => attachToken(url, rule, value),
      (error) => {
        if (!held || denied() || !(error instanceof TokenError)) throw error
        return attachToken(url, rule, held.token.value)
      },
    )
  }

  /** Starts a due renewal without anybody waiting for it. */
  function renewBehind(): void {
    if (!running && !denied() && dueAt() <= performance.now()) void attempt(reason())
  }

  function invalidate(): void {
    abort.abort(new DOMException('The token was invalidated.', 'AbortError'))
    room.reject(abort.signal.reason)
    abort = new AbortController()
    held = last = failure = running = undefined
    failures = strikes = 0
    pump()
    announce()
  }

  const manager: TokenManager = {
    allow,
    get state() {
      return currentState()
    },
    peek: () => live(),
    async getToken({ signal } = {}) {
      const token = live()
      if (!token) return obtain(signal)
      signal?.throwIfAborted()
      if (held && left() <= held.lead) renewBehind()
      return token
    },
    async renew() {
      if (denied()) failure = undefined
      clearTimeout(timer)
      const { signal } = abort
      const result = await attempt('requested')
      signal.throwIfAborted()
      if (result instanceof Error) throw result
      return result
    },
    invalidate,
    reject(value) {
      if (held?.token.value !== value) return
      held = undefined
      strikes += 1
      pump()
      announce()
    },
    match: allowed.match,
    authorize,
    fetch: (input, init) => authorizedFetch(manager, input, init),
    isAuthFailure(url, response) {
      if (allowed.match(url)) {
        return isAuthFailure ? isAuthFailure(response.clone()) : response.status === 401
      }
      const nearest = allowed.nearest(url)
      if (nearest && (response.status === 401 || response.status === 403) && !wrongUrlReported) {
        wrongUrlReported = true
        const { origin, pathname } = new URL(url, nearest.prefix)
        events.emit(
          'error',
          new TokenError(
            'ERR_URL_NOT_ALLOWED',
            `${origin}${pathname} answered ${response.status} and got no token, because "allow" does not cover it. The nearest rule is "${nearest.prefix}".`,
            { status: response.status },
          ),
        )
      }
      return false
    },
    on: events.on,
    dispose() {
      events.clear()
      invalidate()
    },
  }
  return manager
}

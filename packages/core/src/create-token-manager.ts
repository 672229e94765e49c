import type { AccessToken } from './access-token.ts'
import { createAllowList } from './allow-list.ts'
import { attachToken } from './authorize.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { elapsed, instant } from './deadline.ts'
import { TokenError } from './errors.ts'
import { createEmitter, type TokenState } from './events.ts'
import { exchange, type Outcome } from './exchange.ts'
import type { Attempt, Held } from './held-token.ts'
import { nextAttemptAt, renewalLead } from './renewal.ts'
import type { TokenManager, TokenManagerOptions } from './token-manager.ts'
import { openSource, type RenewalReason, type TokenSource } from './token-source.ts'
import { createUncoveredReport } from './uncovered-url.ts'
import { createWaitingRoom } from './waiting.ts'
import { isHidden, listenToWake } from './wake.ts'

/** A timer beyond 2³¹−1 ms fires at once; ours are hints and look again at least once an hour. */
const MAX_TIMER = 3_600_000

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
  if (!(waitLimit >= 0 && waitLimit < 2 ** 31)) {
    throw new RangeError('"waitLimit" must be milliseconds from 0 to 2147483647')
  }
  const allowed = createAllowList(allow)
  const { match } = allowed
  const ask = openSource(source, grant)
  const room = createWaitingRoom<AccessToken>()
  const events = createEmitter(pump)
  const reportUncovered = createUncoveredReport(allowed, events)

  let held: Held | undefined
  let last: Attempt | undefined
  let failure: TokenError | undefined
  let failures = 0
  let failingSince = 0
  /** Tokens refused in a row before their time. */
  let strikes = 0
  let running: Promise<Outcome['result']> | undefined
  let abort: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let announced: TokenState = 'idle'

  const left = () => (held ? held.lifetime - elapsed(held.since, instant()) : 0)
  const live = () => (left() > 0 ? held?.token : undefined)
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

  /** Milliseconds until the next exchange is due. */
  function delay(): number {
    if (!last) return 0
    const now = performance.now()
    const remaining = left()
    return (
      nextAttemptAt({
        ...last,
        now,
        // The first refusal of a token is met at once; a second in a row looks like a loop.
        failures: failures || (remaining > 0 ? 0 : Math.max(0, strikes - 1)),
        retryAfter: failure?.retryAfter,
        held: held && remaining > 0 ? { lifetime: held.lifetime, left: remaining } : undefined,
      }) - now
    )
  }

  /** Starts what is due and plans what is not. Harmless to call at any time. */
  function pump(): void {
    clearTimeout(timer)
    const kept = events.size > 0
    listenToWake(kept, wake)
    // Background work needs somebody who listens, and a page that somebody sees.
    if (running || denied() || !(room.size || (kept && last && !isHidden()))) return
    const wait = delay()
    if (wait <= 0) void attempt()
    else {
      timer = setTimeout(pump, Math.min(wait, MAX_TIMER))
      // In Node, whoever waits has a timer that keeps the process alive; in a page timers are numbers.
      ;(timer as { unref?: () => void }).unref?.()
    }
  }

  function wake({ type }: Event): void {
    // The network is back: what failed for want of it need not be waited for.
    if (type === 'online' && !failure?.status) failures = 0
    pump()
  }

  function attempt(requested?: 'requested'): Promise<Outcome['result']> {
    if (running) return running
    const reason: RenewalReason =
      requested ?? (held ? (live() ? 'expiring' : 'expired') : strikes ? 'rejected' : 'first')
    if (reason === 'expiring') strikes = 0
    clearTimeout(timer)
    abort = new AbortController()
    const run = exchange(ask, reason, abort).then((outcome) => {
      // An exchange that left before invalidate() must not bring the old token back.
      if (running === run) settle(outcome)
      return outcome.result
    })
    running = run
    announce()
    return run
  }

  function settle({ left: since, ended, result }: Outcome): void {
    running = undefined
    const isToken = !(result instanceof Error)
    const random = Math.random()
    const repeats = isToken && result.value === held?.token.value
    last = {
      left: since.steady,
      ended: ended.steady,
      random,
      repeatedAfter: repeats && last ? since.steady - last.left : undefined,
    }
    if (isToken) {
      const lifetime = result.expiresAt - since.wall
      held = { token: result, since, lifetime, lead: renewalLead(lifetime, random) }
      failure = undefined
      failures = 0
      // Before any listener is called: whoever asks after its invalidate() must not get this token.
      room.resolve(result)
      announce()
      events.emit('renewed', { expiresAt: result.expiresAt })
    } else {
      if (!failures++) failingSince = since.steady
      failure = result
      if (denied()) room.reject(result)
      announce()
      events.emit('error', result)
    }
    pump()
  }

  function obtain(signal?: AbortSignal | null): Promise<AccessToken> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (denied()) return Promise.reject(failure)
    const waiting = room.wait(
      waitLimit,
      () =>
        failure ??
        new TokenError('ERR_TOKEN_UNAVAILABLE', `No token came within ${waitLimit / 1000} s.`),
      signal,
    )
    pump()
    return waiting
  }

  /** The token in hand; inside the renewal margin it is renewed behind the answer. */
  function take(): AccessToken | undefined {
    const remaining = left()
    // Long out of reach: the caches that know a URL need not wait for a broker any more.
    const stale = failures && !denied() && performance.now() - failingSince >= waitLimit
    if (!held || (remaining <= 0 && !stale)) return undefined
    const { token, lead } = held
    if (remaining <= lead && !running && !denied() && delay() <= 0) void attempt()
    return token
  }

  const manager: TokenManager = {
    allow,
    get state() {
      return currentState()
    },
    peek: live,
    async getToken({ signal } = {}) {
      signal?.throwIfAborted()
      const token = live()
      if (!token) return obtain(signal)
      take()
      return token
    },
    async renew() {
      if (denied()) failure = undefined
      const result = await attempt('requested')
      if (result instanceof Error) throw result
      return result
    },
    invalidate() {
      const gone = new DOMException('The token was invalidated.', 'AbortError')
      held = last = failure = running = undefined
      failures = strikes = 0
      room.reject(gone)
      abort?.abort(gone)
      pump()
      announce()
    },
    reject(value) {
      if (held?.token.value !== value) return
      held = undefined
      strikes++
      pump()
      announce()
    },
    match,
    authorize(url, { signal } = {}) {
      const rule = match(url)
      if (!rule) return undefined
      const token = take()
      const attach = ({ value }: AccessToken) => attachToken(url, rule, value)
      return token
        ? attach(token)
        : obtain(signal).then(attach, (error) => {
            if (!held || denied() || !(error instanceof TokenError)) throw error
            return attach(held.token)
          })
    },
    fetch: (input, init) => authorizedFetch(manager, input, init),
    isAuthFailure(url, response) {
      if (!match(url)) {
        reportUncovered(url, response.status)
        return false
      }
      return isAuthFailure ? isAuthFailure(response.clone()) : response.status === 401
    },
    on: events.on,
    dispose() {
      events.clear()
      manager.invalidate()
    },
  }
  return manager
}

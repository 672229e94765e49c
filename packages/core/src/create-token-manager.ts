import type { AccessToken } from './access-token.ts'
import { createAllowList, type ResolvedRule } from './allow-list.ts'
import { type AuthorizedRequest, attachToken } from './authorize.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { type Instant, now } from './clock.ts'
import type { CoveredUrl } from './covered-url.ts'
import { createEmitter, type TokenState } from './events.ts'
import { exchange, type Outcome } from './exchange.ts'
import { createNoAnswer } from './no-answer.ts'
import { createTokenHolder } from './token-holder.ts'
import type { TokenManager, TokenManagerOptions } from './token-manager.ts'
import { openSource, type TokenSource } from './token-source.ts'
import { createUncoveredReport } from './uncovered-url.ts'
import { isHidden, listenToWake } from './wake.ts'

/** A timer beyond 2³¹−1 ms fires at once; ours are hints and check again at least once an hour. */
const MAX_TIMER = 3_600_000

/**
 * Creates a manager. Nothing happens before its first use, so it may be created anywhere, also on a server.
 *
 * @param source The endpoint that returns RFC 6749 §5.1 JSON, or a function that requests it.
 * @throws TypeError, RangeError for invalid options; the message names the option.
 */
export function createTokenManager(
  source: TokenSource,
  options: TokenManagerOptions,
): TokenManager {
  const { allow, grant, waitLimit = 10_000, isAuthFailure } = options ?? {}
  if (!(waitLimit >= 0 && waitLimit < 2 ** 31)) {
    throw new RangeError('"waitLimit" must be 0 to 2 ** 31 - 1 ms')
  }
  const allowed = createAllowList(allow)
  const ask = openSource(source, grant)
  const holder = createTokenHolder(waitLimit)
  const events = createEmitter(schedule)
  const reportUncovered = createUncoveredReport(allowed, events)
  const noAnswer = createNoAnswer(events, (token) => manager.reject(token))

  let running: Promise<Outcome> | undefined
  let abort: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let announced: TokenState = 'idle'

  function announce(): void {
    const { state } = manager
    if (state === announced) return
    announced = state
    events.emit('state', state)
  }

  /** Starts what is due and schedules what is not. Harmless to call at any time. */
  function schedule(): void {
    clearTimeout(timer)
    const isKept = events.size > 0
    listenToWake(isKept, wake)
    if (running) return
    // Background work needs a listener and a visible page.
    const delay = holder.delay(isKept && !isHidden())
    if (delay <= 0) void attempt()
    else if (delay < Number.POSITIVE_INFINITY) {
      timer = setTimeout(schedule, Math.min(delay, MAX_TIMER))
      // In Node, each waiting caller has a timer that keeps the process alive; in a page timers are numbers.
      ;(timer as { unref?: () => void }).unref?.()
    }
  }

  function wake({ type }: Event): void {
    if (type === 'online') holder.online()
    schedule()
  }

  function attempt(requested?: 'requested'): Promise<Outcome> {
    if (running) return running
    const reason = holder.started(requested)
    const departedAt = now()
    abort = new AbortController()
    const run = exchange(ask, reason, abort, departedAt).then((outcome) => {
      // An exchange that departed before invalidate() must not bring the old token back.
      if (running === run) settle(outcome, departedAt)
      return outcome
    })
    running = run
    announce()
    return run
  }

  function settle(outcome: Outcome, departedAt: Instant): void {
    running = undefined
    // Before any listener: a caller that asks after a listener's invalidate() must not get this token.
    holder.ended(outcome, departedAt)
    announce()
    if (outcome instanceof Error) events.emit('error', outcome)
    else events.emit('renewed', { expiresAt: outcome.expiresAt })
    schedule()
  }

  function obtain(signal?: AbortSignal | null, isRequest?: boolean): Promise<AccessToken> {
    const waiting = holder.wait(signal, isRequest)
    schedule()
    return waiting
  }

  function authorizeNow(url: string, rule: ResolvedRule): AuthorizedRequest | undefined {
    const token = holder.take(attempt)
    return token && attachToken(url, rule, token)
  }

  const authorize = (url: string, rule: ResolvedRule, signal?: AbortSignal | null) =>
    authorizeNow(url, rule) ?? obtain(signal, true).then((token) => attachToken(url, rule, token))

  function match(url: string): CoveredUrl | undefined {
    const rule = allowed.match(url)
    if (!rule) return undefined
    const covered: CoveredUrl = {
      // First in line: V8 takes many times longer for a literal that begins with a spread.
      url,
      ...rule,
      authorizeNow: () => authorizeNow(url, rule),
      authorize: (signal) => authorize(url, rule, signal),
      fetch: (init) => authorizedFetch(covered, url, init),
      readsAnswers: !!isAuthFailure,
      // Whoever answers outside of "allow", after a redirect, has not seen the token.
      isAuthFailure: (response) =>
        (!response.redirected || !!allowed.match(response.url)) &&
        (isAuthFailure ? isAuthFailure(response.clone()) : response.status === 401),
      served: (token = holder.peek()?.value) => noAnswer.served(url, token),
      noAnswer: (token) => noAnswer.explain(url, attachToken(url, rule, { value: token })),
      reject: manager.reject,
    }
    return covered
  }

  const manager: TokenManager = {
    allow,
    get state() {
      return running ? 'renewing' : holder.state()
    },
    get failure() {
      return holder.failure()
    },
    peek: holder.peek,
    async getToken({ signal } = {}) {
      signal?.throwIfAborted()
      return (holder.peek() && holder.take(attempt)) ?? obtain(signal)
    },
    prepare() {
      manager.getToken().catch(() => {})
    },
    async renew() {
      const outcome = await attempt('requested')
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    invalidate() {
      const reason = new DOMException('The token was invalidated.', 'AbortError')
      running = undefined
      holder.invalidated(reason)
      abort?.abort(reason)
      schedule()
      announce()
    },
    reject(value) {
      if (!holder.rejected(value)) return
      schedule()
      announce()
    },
    match,
    authorize(url, { signal } = {}) {
      // Without a covered URL, which this one request does not need.
      const rule = allowed.match(url)
      return rule && authorize(url, rule, signal)
    },
    async fetch(input, init) {
      // A string or a URL has no `url`.
      const url = (input as Request).url ?? String(input)
      const covered = match(url)
      if (covered) return (await authorizedFetch(covered, input, init)).response
      const response = await fetch(input, init)
      reportUncovered(url, response.status)
      return response
    },
    isAuthFailure(url, response) {
      const covered = match(url)
      if (covered) return covered.isAuthFailure(response)
      reportUncovered(url, response.status)
      return false
    },
    reportUncovered,
    on: events.on,
    dispose() {
      events.clear()
      manager.invalidate()
    },
  }
  return manager
}

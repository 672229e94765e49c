import type { AccessToken } from './access-token.ts'
import { elapsed, type Instant } from './clock.ts'
import { endpointError, type TokenError } from './errors.ts'
import type { TokenState } from './events.ts'
import type { Outcome } from './exchange.ts'
import { nextAttemptAt, type RenewalSituation, renewalLead } from './renewal.ts'
import type { RenewalReason } from './token-source.ts'
import { createWaitingRoom } from './waiting-room.ts'

/** The token in hand. Durations in ms. */
interface Held {
  readonly token: AccessToken
  readonly departedAt: Instant
  readonly lifetime: number
  readonly lead: number
}

/**
 * Holds the token, what is known of past exchanges, and the callers that wait for a token. It starts no
 * exchange: the manager does, and reports to it.
 */
export interface TokenHolder {
  /** The state while no exchange is running. */
  state(): Exclude<TokenState, 'renewing'>
  /** How the last exchange failed, if it did. */
  failure(): TokenError | undefined
  /** The token while it is valid. */
  peek(): AccessToken | undefined
  /**
   * The token for a request: valid, or the last one if the endpoint has been down for `waitLimit`,
   * because caches that know the URL can answer without the endpoint.
   *
   * @param renew Called if the token should be renewed in the background.
   */
  take(renew: () => unknown): AccessToken | undefined
  /**
   * Waits for a token, at most `waitLimit`.
   *
   * @param isRequest Resolves to the last token if none came in time.
   */
  wait(signal?: AbortSignal | null, isRequest?: boolean): Promise<AccessToken>
  /**
   * Milliseconds until the next exchange is due; Infinity if none is wanted, and while denied.
   *
   * @param isKept The token is wanted even if nothing waits for it, once there has been one.
   */
  delay(isKept: boolean): number
  /** An exchange starts. Returns its reason. @param requested From `renew()`, the only way out of a denial. */
  started(requested?: 'requested'): RenewalReason
  /** An exchange ended, with a token or with a failure. */
  ended(outcome: Outcome, departedAt: Instant): void
  /** A server refused this token. Returns false unless it is the token in hand. */
  rejected(value: string): boolean
  /** The network is back: failures without an answer no longer delay the next exchange. */
  online(): void
  /** Forgets everything; waiting callers get the reason. */
  invalidated(reason: unknown): void
}

export function createTokenHolder(waitLimit: number): TokenHolder {
  const room = createWaitingRoom<AccessToken>()
  let held: Held | undefined
  let attempt:
    | Pick<RenewalSituation, 'departedAt' | 'endedAt' | 'random' | 'repeatedAfter'>
    | undefined
  let failure: TokenError | undefined
  /** Failed exchanges in a row. */
  let failures = 0
  let failingSince = 0
  /** Tokens in a row that a server refused before they expired. */
  let rejections = 0

  const remaining = () => (held ? held.lifetime - elapsed(held.departedAt) : 0)
  const peek = () => (remaining() > 0 ? held?.token : undefined)
  const isDenied = () => failure?.code === 'ERR_TOKEN_DENIED'

  /** Milliseconds until the next exchange is due. */
  function due(): number {
    if (!attempt) return 0
    const now = performance.now()
    const rest = remaining()
    return (
      nextAttemptAt({
        ...attempt,
        now,
        // The first rejected token is replaced at once; a second in a row looks like a loop.
        failures: failures || (rest > 0 ? 0 : Math.max(0, rejections - 1)),
        retryAfter: failure?.retryAfter,
        held: rest > 0 ? { lifetime: (held as Held).lifetime, remaining: rest } : undefined,
      }) - now
    )
  }

  return {
    state: () => (isDenied() ? 'denied' : peek() ? 'fresh' : failure ? 'unavailable' : 'idle'),
    failure: () => failure,
    peek,
    take(renew) {
      const rest = remaining()
      const isOutage = failures && !isDenied() && performance.now() - failingSince >= waitLimit
      if (!held || (rest <= 0 && !isOutage)) return undefined
      const { token, lead } = held
      if (rest <= lead && !isDenied() && due() <= 0) renew()
      return token
    },
    wait(signal, isRequest) {
      const waiting = room.wait(
        waitLimit,
        () =>
          (isRequest && held?.token) ||
          Promise.reject(failure ?? endpointError(`did not answer within ${waitLimit / 1000} s`)),
        signal,
      )
      if (isDenied()) room.reject(failure)
      return waiting
    },
    delay: (isKept) =>
      (room.size || (isKept && attempt)) && !isDenied() ? due() : Number.POSITIVE_INFINITY,
    started(requested) {
      if (isDenied()) failure = undefined
      const reason =
        requested ?? (held ? (peek() ? 'expiring' : 'expired') : rejections ? 'rejected' : 'first')
      if (reason === 'expiring') rejections = 0
      return reason
    },
    ended(outcome, departedAt) {
      const random = Math.random()
      const isToken = !(outcome instanceof Error)
      attempt = {
        departedAt: departedAt.steady,
        endedAt: performance.now(),
        random,
        repeatedAfter:
          isToken && attempt && outcome.value === held?.token.value
            ? departedAt.steady - attempt.departedAt
            : undefined,
      }
      if (isToken) {
        const lifetime = outcome.expiresAt - departedAt.wall
        held = { token: outcome, departedAt, lifetime, lead: renewalLead(lifetime, random) }
        failure = undefined
        failures = 0
        room.resolve(outcome)
      } else {
        if (!failures++) failingSince = departedAt.steady
        failure = outcome
        if (isDenied()) room.reject(outcome)
      }
    },
    rejected(value) {
      if (held?.token.value !== value) return false
      held = undefined
      rejections++
      return true
    },
    online() {
      if (!failure?.status) failures = 0
    },
    invalidated(reason) {
      held = attempt = failure = undefined
      failures = rejections = 0
      room.reject(reason)
    },
  }
}

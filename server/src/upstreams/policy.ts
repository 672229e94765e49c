import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import {
  DEFAULT_RETRY_AFTER_SECONDS,
  UpstreamError,
  UpstreamTimeoutError,
  UpstreamUnavailableError,
} from './errors.ts'
import { withinTime } from './within-time.ts'

/** More requests are waiting for an upstream than are allowed to. */
export class QueueFullError extends UpstreamUnavailableError {
  constructor() {
    super('too many concurrent requests')
  }
}

/**
 * Attempts a request until it succeeds, time is up, or another attempt would only do harm.
 *
 * @param key What is requested: failures are counted for each key separately.
 */
export type Policy = <T>(key: string, attempt: (signal: AbortSignal) => Promise<T>) => Promise<T>

/** Options of a policy. */
export interface PolicyOptions {
  /** Limit of all attempts together, in ms. */
  readonly timeout: number
  /** 0 ≤ random < 1; for tests. */
  readonly random?: () => number
}

const MAX_RETRIES = 2
/** Base of the waits between attempts, in ms: 100 to 200, then 200 to 400. */
const BACKOFF = 200
/** Longest `Retry-After` that a request waits for; longer ones are passed on to the page. */
const PATIENCE_SECONDS = 1
/** Failed attempts in a row that open the circuit of a key, and how long it stays open, in ms. */
const BREAKS_AFTER = 6
const BREAKS_FOR = DEFAULT_RETRY_AFTER_SECONDS * 1000
/** Concurrent requests to one upstream, and how many more may wait. */
const MAX_RUNNING = 16
const MAX_WAITING = 1_000

/**
 * Creates the policy of one upstream: a deadline, a limit of concurrent requests, retries with jitter
 * that respect `Retry-After`, and a circuit breaker for each key: a dataset that fails must not block
 * the others.
 *
 * @throws By the policy: `UpstreamUnavailableError` after the deadline or while the circuit is open,
 *   {@link QueueFullError} for a full queue.
 */
export function createPolicy({ timeout: limit, random = Math.random }: PolicyOptions): Policy {
  const isTemporary = (error: Error) => error instanceof UpstreamUnavailableError
  const isWorthRetrying = (error: Error) =>
    error instanceof UpstreamUnavailableError &&
    (!error.hasRetryAfter || error.retryAfterSeconds <= PATIENCE_SECONDS)

  const backoff = new DelegateBackoff<{ attempt: number; result: object }>(
    ({ attempt, result }) => {
      const error: unknown = 'error' in result ? result.error : undefined
      const isAsked = error instanceof UpstreamUnavailableError && error.hasRetryAfter
      const wait = isAsked ? error.retryAfterSeconds * 1000 : 0
      return wait + BACKOFF * 2 ** (attempt - 1) * (1 - random() / 2)
    },
  )
  const deadline = timeout(limit, TimeoutStrategy.Aggressive)
  const queue = bulkhead(MAX_RUNNING, MAX_WAITING)
  const createKeyPolicy = () =>
    wrap(
      queue,
      retry(handleWhen(isWorthRetrying), { maxAttempts: MAX_RETRIES, backoff }),
      circuitBreaker(handleWhen(isTemporary), {
        halfOpenAfter: BREAKS_FOR,
        breaker: new ConsecutiveBreaker(BREAKS_AFTER),
      }),
    )
  // Bounded by the grants and datasets of the configuration.
  const policies = new Map<string, ReturnType<typeof createKeyPolicy>>()
  const getPolicy = (key: string) => {
    const policy = policies.get(key) ?? createKeyPolicy()
    policies.set(key, policy)
    return policy
  }

  return async (key, attempt) => {
    try {
      // While cockatiel's breaker is half open, it drops the signals of those that wait for it. So the
      // deadline's own signal is used, or an attempt would hold its place in the queue for ever.
      return await deadline.execute(({ signal }) =>
        getPolicy(key).execute(() => {
          if (signal.aborted) throw new TaskCancelledError()
          return withinTime(attempt(signal), signal, () => {
            throw new UpstreamTimeoutError()
          })
        }, signal),
      )
    } catch (error) {
      if (error instanceof UpstreamError) throw error
      if (error instanceof TaskCancelledError) throw new UpstreamTimeoutError()
      if (error instanceof BrokenCircuitError)
        throw new UpstreamUnavailableError('circuit open after repeated failures')
      if (error instanceof BulkheadRejectedError) throw new QueueFullError()
      throw error
    }
  }
}

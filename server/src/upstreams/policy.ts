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
import { DEFAULT_RETRY_AFTER, UpstreamError, UpstreamUnavailableError } from './errors.ts'
import { withinTime } from './within-time.ts'

/** More pages wait for an upstream than may. */
export class QueueFullError extends UpstreamUnavailableError {
  constructor() {
    super('too many exchanges at once')
  }
}

/**
 * Runs attempts at an exchange until one succeeds, time is up, or more would only do harm.
 *
 * @param key What is asked for: failures in a row count for each by itself.
 */
export type Policy = <T>(key: string, attempt: (signal: AbortSignal) => Promise<T>) => Promise<T>

/** What a policy may be told, for tests. */
export interface PolicyOptions {
  /** All attempts together, in ms. */
  readonly timeout: number
  /** 0 ≤ random < 1. */
  readonly random?: () => number
}

const MAX_RETRIES = 2
/** Base of the waits between attempts, in ms: 100 to 200, 200 to 400. */
const BACKOFF = 200
/** A wait that an upstream asks for is kept within an exchange up to here; longer ones are passed on. */
const PATIENCE_SECONDS = 1
/** Attempts that fail in a row before what they ask for is not asked for, and for how long, in ms. */
const BREAKS_AFTER = 6
const BREAKS_FOR = DEFAULT_RETRY_AFTER * 1000
/** Exchanges at once with one upstream, and how many more may wait. */
const MAX_RUNNING = 16
const MAX_WAITING = 1_000

/**
 * Creates the policy of one upstream: a deadline, a bound on what runs at once, retries with jitter
 * that keep to `Retry-After`, and a circuit breaker for each key: one dataset that fails is no reason
 * to leave the others alone.
 *
 * @throws By the policy: `UpstreamUnavailableError` for a deadline or an open circuit,
 *   {@link QueueFullError} for a full queue.
 */
export function createPolicy({ timeout: limit, random = Math.random }: PolicyOptions): Policy {
  const isPassing = (error: Error) => error instanceof UpstreamUnavailableError
  const isWorthRetrying = (error: Error) =>
    error instanceof UpstreamUnavailableError &&
    (!error.isTold || error.retryAfterSeconds <= PATIENCE_SECONDS)

  const backoff = new DelegateBackoff<{ attempt: number; result: object }>(
    ({ attempt, result }) => {
      const error: unknown = 'error' in result ? result.error : undefined
      const told =
        error instanceof UpstreamUnavailableError && error.isTold ? error.retryAfterSeconds : 0
      return told * 1000 + BACKOFF * 2 ** (attempt - 1) * (1 - random() / 2)
    },
  )
  const deadline = timeout(limit, TimeoutStrategy.Aggressive)
  const queue = bulkhead(MAX_RUNNING, MAX_WAITING)
  const createKeyPolicy = () =>
    wrap(
      queue,
      retry(handleWhen(isWorthRetrying), { maxAttempts: MAX_RETRIES, backoff }),
      circuitBreaker(handleWhen(isPassing), {
        halfOpenAfter: BREAKS_FOR,
        breaker: new ConsecutiveBreaker(BREAKS_AFTER),
      }),
    )
  // As many as the configuration has grants and datasets.
  const policies = new Map<string, ReturnType<typeof createKeyPolicy>>()
  const getPolicy = (key: string) => {
    const policy = policies.get(key) ?? createKeyPolicy()
    policies.set(key, policy)
    return policy
  }

  return async (key, attempt) => {
    try {
      // Cockatiel's breaker drops the signal of whoever waits for it while it is half open: the
      // deadline's own is used, or an attempt would hold its place in the queue for ever.
      return await deadline.execute(({ signal }) =>
        getPolicy(key).execute(() => {
          if (signal.aborted) throw new TaskCancelledError()
          return withinTime(attempt(signal), signal)
        }, signal),
      )
    } catch (error) {
      if (error instanceof UpstreamError) throw error
      if (error instanceof TaskCancelledError)
        throw new UpstreamUnavailableError('no answer in time')
      if (error instanceof BrokenCircuitError)
        throw new UpstreamUnavailableError('left alone for a while after failures in a row')
      if (error instanceof BulkheadRejectedError) throw new QueueFullError()
      throw error
    }
  }
}

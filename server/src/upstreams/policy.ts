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

/** Runs attempts at an exchange until one succeeds, time is up, or more would only do harm. */
export type Policy = <T>(attempt: (signal: AbortSignal) => Promise<T>) => Promise<T>

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
/** Attempts that fail in a row before the upstream is left alone, and for how long, in ms. */
const BREAKS_AFTER = 6
const BREAKS_FOR = DEFAULT_RETRY_AFTER * 1000
/** Exchanges at once with one upstream, and how many more may wait. */
const MAX_RUNNING = 16
const MAX_WAITING = 240

/**
 * Creates the policy of one upstream: a deadline, a bound on what runs at once, retries with jitter
 * that keep to `Retry-After`, and a circuit breaker.
 *
 * @throws By the policy: `UpstreamUnavailableError` for a deadline, a full queue or an open circuit.
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
  const policy = wrap(
    timeout(limit, TimeoutStrategy.Aggressive),
    bulkhead(MAX_RUNNING, MAX_WAITING),
    retry(handleWhen(isWorthRetrying), { maxAttempts: MAX_RETRIES, backoff }),
    circuitBreaker(handleWhen(isPassing), {
      halfOpenAfter: BREAKS_FOR,
      breaker: new ConsecutiveBreaker(BREAKS_AFTER),
    }),
  )

  return async (attempt) => {
    try {
      return await policy.execute(({ signal }) => withinTime(attempt(signal), signal))
    } catch (error) {
      if (error instanceof UpstreamError) throw error
      if (error instanceof TaskCancelledError)
        throw new UpstreamUnavailableError('no answer in time')
      if (error instanceof BrokenCircuitError)
        throw new UpstreamUnavailableError('left alone for a while after failures in a row')
      if (error instanceof BulkheadRejectedError)
        throw new UpstreamUnavailableError('too many exchanges at once')
      throw error
    }
  }
}

/** An attempt that does not listen to its signal is not waited for, and counts as a failure. */
async function withinTime<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {}
  const timeIsUp = new Promise<never>((_, reject) => {
    stop = () => reject(new UpstreamUnavailableError('no answer in time'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([running, timeIsUp])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequestsError } from '../errors.ts'

/** Where a key stands in its current window. */
export interface LimitState {
  readonly isExceeded: boolean
  readonly limit: number
  /** Length of the window, in seconds. */
  readonly intervalSeconds: number
  /** ms until the window ends. */
  readonly resetsIn: number
}

/** Limits the requests of each key: an account, or the address of a client. */
export interface RateLimit {
  /** Counts a request and says where the key stands, for the headers of the response. */
  count(key: string): Promise<LimitState>
  /** Counts a request. @throws {@link TooManyRequestsError} past the limit, with the seconds to wait. */
  consume(key: string): Promise<void>
}

const INTERVAL_SECONDS = 60

/**
 * Creates a limit of so many requests per minute and key, counted in this process. A key's minute
 * starts with its first request.
 */
export function createRateLimit(perMinute: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: INTERVAL_SECONDS })

  const count = async (key: string): Promise<LimitState> => {
    // The library rejects with the same result when the limit is exceeded.
    const result = await limiter.consume(key).catch((refusal: unknown) => {
      if (refusal instanceof RateLimiterRes) return refusal
      throw refusal
    })
    return {
      isExceeded: result.consumedPoints > perMinute,
      limit: perMinute,
      intervalSeconds: INTERVAL_SECONDS,
      resetsIn: result.msBeforeNext,
    }
  }

  return {
    count,
    consume: async (key) => assertWithinLimit(await count(key)),
  }
}

/** @throws {@link TooManyRequestsError} past the limit. */
export function assertWithinLimit({ isExceeded, resetsIn }: LimitState): void {
  if (isExceeded) throw new TooManyRequestsError(Math.max(1, Math.ceil(resetsIn / 1000)))
}

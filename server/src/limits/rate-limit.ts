import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequestsError } from '../errors.ts'

/** Counts requests per key. */
export interface RateLimit {
  /** @throws {@link TooManyRequestsError} with the seconds to wait. */
  consume(key: string): Promise<void>
}

/** Creates a limit of so many requests a minute and key, kept in this process. */
export function createRateLimit(perMinute: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 })
  return {
    consume: async (key) => {
      try {
        await limiter.consume(key)
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        throw new TooManyRequestsError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)))
      }
    },
  }
}

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequestsError } from '../errors.ts'
import type { Store } from '../store/open.ts'
import { createSharedCounter } from './shared-counter.ts'

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
  /**
   * Counts an attempt that counts only if it fails: call the result if it did not. Until then it
   * counts, so that many attempts at once are no way around the limit.
   *
   * @throws {@link TooManyRequestsError} past the limit; the refused attempt does not count.
   */
  reserve(key: string): Promise<() => Promise<void>>
}

const INTERVAL_SECONDS = 60

/**
 * Creates a limit of so many requests per minute and key. A key's minute starts with its first request.
 *
 * @param perMinute A function is asked each time, so that the limit can change while counts stay.
 * @param shared Where all replicas count together; by default this process counts alone. Its database
 *   being away is an error of each request, because a limit that is not counted protects nothing.
 */
export function createRateLimit(
  perMinute: number | (() => number),
  shared?: { readonly store: Store; readonly name: string },
): RateLimit {
  const readLimit = typeof perMinute === 'function' ? perMinute : () => perMinute
  // Its own limit only decides whether it resolves or rejects, and both give the same result.
  const options = { points: readLimit(), duration: INTERVAL_SECONDS }
  const limiter =
    shared?.store.kind === 'postgres'
      ? createSharedCounter(shared.store, shared.name, options)
      : new RateLimiterMemory(options)

  const count = async (key: string): Promise<LimitState> => {
    const limit = readLimit()
    // The library rejects with the same result when the limit is exceeded.
    const result = await limiter.consume(key).catch((refusal: unknown) => {
      if (refusal instanceof RateLimiterRes) return refusal
      throw refusal
    })
    return {
      isExceeded: result.consumedPoints > limit,
      limit,
      intervalSeconds: INTERVAL_SECONDS,
      resetsIn: result.msBeforeNext,
    }
  }

  return {
    count,
    consume: async (key) => assertWithinLimit(await count(key)),
    reserve: async (key) => {
      const state = await count(key)
      const endsAt = Date.now() + state.resetsIn
      const takeBack = async () => {
        // In a later window there is nothing to take back.
        if (Date.now() < endsAt) await limiter.reward(key)
      }
      if (state.isExceeded) await takeBack()
      assertWithinLimit(state)
      return takeBack
    },
  }
}

/** @throws {@link TooManyRequestsError} past the limit. */
export function assertWithinLimit({ isExceeded, resetsIn }: LimitState): void {
  if (isExceeded) throw new TooManyRequestsError(resetsIn / 1000)
}

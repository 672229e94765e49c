import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequestsError } from '../errors.ts'
import { toLimitKey } from './address.ts'

/** Counts requests per client address. */
export interface AddressLimit {
  /** @throws {@link TooManyRequestsError} with the seconds to wait. */
  consume(address: string | undefined): Promise<void>
}

/** Creates a limit of so many requests a minute and address, kept in this process. */
export function createAddressLimit(perMinute: number): AddressLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 })
  return {
    consume: async (address) => {
      try {
        await limiter.consume(toLimitKey(address))
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        throw new TooManyRequestsError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)))
      }
    },
  }
}

import { toLimitKey } from './address.ts'
import { createRateLimit } from './rate-limit.ts'

/** Counts requests per client address. */
export interface AddressLimit {
  /** @throws `TooManyRequestsError` with the seconds to wait. */
  consume(address: string | undefined): Promise<void>
}

/** Creates a limit of so many requests a minute and address, kept in this process. */
export function createAddressLimit(perMinute: number): AddressLimit {
  const limit = createRateLimit(perMinute)
  return { consume: (address) => limit.consume(toLimitKey(address)) }
}

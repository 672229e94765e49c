import type { BrokerConfig } from '../config/schema.ts'
import { createRateLimit } from '../limits/rate-limit.ts'

/** The limits that a configuration sets. They keep their counts when it is reloaded. */
export type Limits = ReturnType<typeof createLimits>

/** Creates the limits of a broker. @param read The configuration that counts now. */
export function createLimits(read: () => BrokerConfig) {
  return {
    mapToken: createRateLimit(() => read().mapTokenPerMinute),
    mapTokenSession: createRateLimit(() => read().mapTokenPerMinute),
    downloadToken: createRateLimit(() => read().downloadTokensPerMinute),
    signInAccount: createRateLimit(() => read().login.perMinute),
    signInDevice: createRateLimit(() => read().login.perMinute),
    signInAddress: createRateLimit(() => read().login.addressPerMinute),
    mapbox: createRateLimit(() => read().mapbox.requestsPerMinute),
  }
}

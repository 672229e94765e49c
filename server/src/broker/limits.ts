import type { BrokerConfig } from '../config/schema.ts'
import { createRateLimit } from '../limits/rate-limit.ts'
import type { Store } from '../store/open.ts'

/** The limits that a configuration sets. They keep their counts when it is reloaded. */
export type Limits = ReturnType<typeof createLimits>

/**
 * Creates the limits of a broker. Those of sign-in protect accounts, so all replicas count together; the
 * others protect the process itself.
 *
 * @param read The configuration that counts now.
 */
export function createLimits(read: () => BrokerConfig, store: Store) {
  return {
    mapToken: createRateLimit(() => read().mapTokenPerMinute),
    mapTokenSession: createRateLimit(() => read().mapTokenPerMinute),
    downloadToken: createRateLimit(() => read().downloadTokensPerMinute),
    signInAccount: createRateLimit(() => read().login.perMinute, {
      store,
      name: 'sign-in account',
    }),
    signInDevice: createRateLimit(() => read().login.perMinute, {
      store,
      name: 'sign-in device',
    }),
    signInAddress: createRateLimit(() => read().login.addressPerMinute, {
      store,
      name: 'sign-in address',
    }),
    mapbox: createRateLimit(() => read().mapbox.requestsPerMinute),
  }
}

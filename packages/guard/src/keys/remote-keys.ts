import { KeysUnavailableError } from '../errors.ts'
import { type FetchAccess, fetchJson } from './fetch-json.ts'
import { describeSkipped, findKey, importKeySet, type KeySet, type KeySource } from './key-set.ts'
import type { Job, WaitUntil } from './single-flight.ts'

/** How a published key set is fetched. */
export interface RemoteKeysOptions extends FetchAccess {
  readonly algorithms: readonly string[]
  /** How long keys count that cannot be fetched again, in ms. */
  readonly maxKeyAge: number
  /** Epoch ms. */
  readonly now: () => number
}

/** Age, in ms, at which keys are fetched again in the background, unless they count for less. */
const REFRESH_AFTER = 600_000
/** Shortest time between two fetches once keys are known, however many unknown `kid`s arrive; ms. */
const COOL_DOWN = 30_000
/** Shortest time between two fetches while no key counts: a guard that started before its issuer recovers soon. */
const FIRST_COOL_DOWN = 1_000
const MAX_BYTES = 65_536

/**
 * Creates a key source that reads a JWKS URL: cached, with one fetch in flight and at most one fetch
 * per cool-down.
 *
 * A slow, failing, huge, redirected or empty response changes nothing: the last good keys stay until
 * they reach `maxKeyAge`. An issuer that is unreachable may have withdrawn a key.
 *
 * @throws {@link KeysUnavailableError} from `load` and `reload` until the first good response, and once the
 *   last one is too old.
 */
export function createRemoteKeys(url: URL, options: RemoteKeysOptions): KeySource {
  const { now, maxKeyAge } = options
  const refreshAfter = Math.min(REFRESH_AFTER, maxKeyAge / 2)
  let keys: KeySet | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  const flight = options.createFlight()

  // Compared as a distance, because a clock that was set back must not stretch the time.
  const isWithin = (time: number, since: number) => Math.abs(now() - since) < time
  const findCurrent = () => (isWithin(maxKeyAge, fetchedAt) ? keys : undefined)

  const refresh: Job = async (isLost) => {
    if (isWithin(findCurrent() ? COOL_DOWN : FIRST_COOL_DOWN, attemptedAt)) return
    const sentAt = now()
    try {
      const fetched = await importKeySet(
        await fetchJson(url, options, MAX_BYTES),
        options.algorithms,
      )
      if (fetched.keys.length === 0) {
        const skipped = describeSkipped(fetched)
        throw new TypeError(`the key set has no usable key${skipped && `: ${skipped}`}`)
      }
      if (isLost()) return
      keys = fetched
      fetchedAt = sentAt
    } catch (error) {
      failure = error
    }
    // Not before: a fetch that is lost with the request that started it is no attempt.
    attemptedAt = sentAt
  }

  const peek = (waitUntil?: WaitUntil) => {
    const current = findCurrent()
    if (!current || isWithin(refreshAfter, fetchedAt)) return current
    return flight.runBehind(refresh, waitUntil) ? current : undefined
  }

  const reload = async (waitUntil?: WaitUntil) => {
    await flight.run(refresh, waitUntil)
    const current = findCurrent()
    if (!current) throw new KeysUnavailableError({ cause: failure })
    return current
  }

  return {
    peek,
    reload,
    load: async (request, waitUntil) => {
      const current = peek(waitUntil)
      return current && findKey(current, request) ? current : reload(waitUntil)
    },
  }
}

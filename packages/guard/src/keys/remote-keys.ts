import { KeysUnavailableError } from '../errors.ts'
import { type FetchAccess, fetchJson } from './fetch-json.ts'
import { importKeySet, type KeySet, type KeySource } from './key-set.ts'

/** How a published key set is fetched. */
export interface RemoteKeysOptions extends FetchAccess {
  readonly algorithms: readonly string[]
  /** Epoch ms. */
  readonly now: () => number
}

/** Age at which keys are fetched again, behind the answer. */
const MAX_AGE = 600_000
/** Shortest time between two fetches once keys are known, whatever `kid` strangers send. */
const COOL_DOWN = 30_000
/** The same while no key is known yet: a guard that started before its issuer recovers soon. */
const FIRST_COOL_DOWN = 1_000
const MAX_BYTES = 65_536

/**
 * A key source over a JWKS URL: cached, one fetch in flight, at most one fetch per cool-down.
 *
 * A slow, failing, huge, redirecting or empty answer changes nothing: the keys of the last good one stay.
 *
 * @throws {@link KeysUnavailableError} from `find` while there never was a good answer.
 */
export function createRemoteKeys(url: URL, options: RemoteKeysOptions): KeySource {
  const { now } = options
  let keys: KeySet | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let inFlight: Promise<void> | undefined

  const refresh = (): Promise<void> => {
    if (inFlight) return inFlight
    // A clock that was set back must not stretch the pause.
    if (Math.abs(now() - attemptedAt) < (keys ? COOL_DOWN : FIRST_COOL_DOWN))
      return Promise.resolve()
    attemptedAt = now()
    inFlight = fetchJson(url, options, MAX_BYTES)
      .then((body) => importKeySet(body, options.algorithms))
      .then((fetched) => {
        if (fetched.size === 0) throw new TypeError('no key that can be used')
        keys = fetched
        fetchedAt = now()
      })
      .catch((error: unknown) => {
        failure = error
      })
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }

  const peek = (keyId: string) => {
    const known = keys?.get(keyId)
    if (known && Math.abs(now() - fetchedAt) >= MAX_AGE) void refresh()
    return known
  }

  return {
    peek,
    find: async (keyId) => {
      const known = peek(keyId)
      if (known) return known
      await refresh()
      if (!keys) throw new KeysUnavailableError({ cause: failure })
      return keys.get(keyId)
    },
  }
}

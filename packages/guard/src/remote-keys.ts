import { KeysUnavailableError } from './errors.ts'
import { importKeySet, type KeySet, type KeySource } from './key-set.ts'

/** How a published key set is fetched; times in ms. */
export interface RemoteKeysOptions {
  readonly algorithms: readonly string[]
  readonly fetch: typeof globalThis.fetch
  readonly now: () => number
  /** A fetch that takes longer has failed. */
  readonly timeout: number
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
 * A slow, failing, huge or redirecting answer changes nothing: the keys of the last good one stay.
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
    if (now() - attemptedAt < (keys ? COOL_DOWN : FIRST_COOL_DOWN)) return Promise.resolve()
    attemptedAt = now()
    inFlight = fetchKeySet(url, options)
      .then((fetched) => {
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
    if (known && now() - fetchedAt >= MAX_AGE) void refresh()
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

async function fetchKeySet(url: URL, options: RemoteKeysOptions): Promise<KeySet> {
  const response = await options.fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(options.timeout),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the key set answered ${response.status}`)
  }
  return importKeySet(JSON.parse(await readText(response)), options.algorithms)
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let size = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > MAX_BYTES) throw new Error('the key set is too large')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

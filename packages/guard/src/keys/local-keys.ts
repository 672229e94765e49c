import { importKeySet, type JsonWebKeySet, type KeySet, type KeySource } from './key-set.ts'

/** Creates a key source from a given key set. The keys are imported at the first use. */
export function createLocalKeys(set: JsonWebKeySet, algorithms: readonly string[]): KeySource {
  let keys: KeySet | undefined
  const load = async () => {
    if (keys) return keys
    // No promise is shared: at the edge a request must not await what another one started.
    const imported = await importKeySet(set, algorithms)
    keys ??= imported
    return keys
  }
  return { peek: () => keys, load, reload: load }
}

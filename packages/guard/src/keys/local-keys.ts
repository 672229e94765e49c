import { importKeySet, type JsonWebKeySet, type KeySet, type KeySource } from './key-set.ts'

/** Creates a key source from a given key set. The keys are imported at the first use. */
export function createLocalKeys(set: JsonWebKeySet, algorithms: readonly string[]): KeySource {
  let importing: Promise<KeySet> | undefined
  let keys: KeySet | undefined
  const load = async () => {
    importing ??= importKeySet(set, algorithms)
    keys = await importing
    return keys
  }
  return { peek: () => keys, load, reload: load }
}

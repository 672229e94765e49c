import { importKeySet, type JsonWebKeySet, type KeySet, type KeySource } from './key-set.ts'

/** A key source over keys that are already here. They are imported at the first use. */
export function createLocalKeys(set: JsonWebKeySet, algorithms: readonly string[]): KeySource {
  let importing: Promise<KeySet> | undefined
  let keys: KeySet | undefined
  return {
    peek: (keyId) => keys?.get(keyId),
    find: async (keyId) => {
      importing ??= importKeySet(set, algorithms)
      keys = await importing
      return keys.get(keyId)
    },
  }
}

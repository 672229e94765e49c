import { importKeySet, type JsonWebKeySet, type KeySet, type KeySource } from './key-set.ts'

/** A key source over keys that are already here. They are imported at the first use. */
export function createLocalKeys(set: JsonWebKeySet, algorithms: readonly string[]): KeySource {
  let keys: Promise<KeySet> | undefined
  return {
    find: async (keyId) => {
      keys ??= importKeySet(set, algorithms)
      return (await keys).get(keyId)
    },
  }
}

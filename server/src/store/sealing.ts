import { SealedStoreError } from './errors.ts'
import { findSealingKeyId, isSealed, openValue, type SealedPlace, sealValue } from './seal.ts'
import type { SealingKey } from './sealing-key.ts'

/** Says what to do if the store is sealed, and there is no key. */
export const NO_KEY =
  'The secrets in this store are sealed, and there is no key to open them: set TILEPASS_SECRET_KEY or TILEPASS_SECRET_KEY_FILE, or "secretKey" in the configuration, to the key with which the store was sealed'

/** Seals what is written to the secret columns of a store, and opens what is read from them. */
export interface Sealing {
  /** Ids of the keys, the one that seals first; empty if the store is not sealed. */
  readonly keyIds: readonly string[]
  /** Without keys, the value as it is. */
  seal(place: SealedPlace, plain: string): string
  /**
   * Without keys, plain values as they are. With keys, plain values are refused: otherwise anyone who
   * can write to the database could put in a key of their own.
   *
   * @throws {@link SealedStoreError}
   */
  open(place: SealedPlace, value: string): string
  /** Replaces the keys. */
  use(keys: readonly SealingKey[]): void
}

/** Creates the sealing of a store, without keys. */
export function createSealing(): Sealing {
  let keys: readonly SealingKey[] = []
  return {
    get keyIds() {
      return keys.map(({ id }) => id)
    },
    seal: (place, plain) => {
      const [first] = keys
      return first ? sealValue(first, place, plain) : plain
    },
    open: (place, value) => openStrictly(keys, place, value),
    use: (given) => {
      keys = given
    },
  }
}

/** @throws {@link SealedStoreError} saying what to do. */
export function openStrictly(
  keys: readonly SealingKey[],
  place: SealedPlace,
  value: string,
): string {
  if (!isSealed(value)) {
    if (keys.length === 0) return value
    throw new SealedStoreError(
      `${describe(place)} is not sealed, but this store is: somebody who can write to the store has put it there. Restore the store from a backup, or delete that row: a new key takes its place. Nothing was changed`,
    )
  }
  if (keys.length === 0) throw new SealedStoreError(NO_KEY)
  const plain = openValue(keys, place, value)
  if (plain !== undefined) return plain
  const id = findSealingKeyId(value)
  if (id !== undefined && !keys.some((key) => key.id === id))
    throw new SealedStoreError(
      `${describe(place)} was sealed with the key ${id}, which TILEPASS_SECRET_KEY does not have (it has ${keys.map((key) => key.id).join(', ')}): add that key to the list. Nothing was changed`,
    )
  throw new SealedStoreError(
    `${describe(place)} was altered, or moved from another row: restore the store from a backup. Nothing was changed`,
  )
}

function describe({ table, id }: SealedPlace): string {
  return `The secret of ${table} "${id}"`
}

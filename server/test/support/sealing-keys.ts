import { createHash } from 'node:crypto'
import { findSealingKeys, type SealingKey } from '../../src/store/sealing-key.ts'

/** The text of a sealing key that is the same in each run. */
export function makeKeyText(seed: number): string {
  return createHash('sha256').update(`sealing key ${seed}`).digest('base64url')
}

/** Seals the databases of tests on PostgreSQL, where a key is required. */
export const DATABASE_KEY = 9

/** A sealing key that is the same in each run. */
export function makeSealingKey(seed: number): SealingKey {
  const [key] = findSealingKeys(makeKeyText(seed)) ?? []
  if (!key) throw new Error('the text of a test key is not a key')
  return key
}

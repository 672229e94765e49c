import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

/** A key that seals the secrets in the store. */
export interface SealingKey {
  /** Names the key in messages and in sealed values; it tells nothing about the key itself. */
  readonly id: string
  /** Never printed: a key object shows its type only. */
  readonly key: KeyObject
}

const KEY_BYTES = 32
/** 256 bits in base64url, of whose last digit two bits are unused and zero. */
const KEY_TEXT = /^[\w-]{42}[AEIMQUYcgkosw048]$/
/** 32 random bytes have fewer different values than this once in 10^15 times. */
const LEAST_DIFFERENT = 16
/** A random text lacks capitals or small letters once in 10^9 times; a passphrase of 43 characters often does. */
const BOTH_CASES = /^(?=.*[A-Z])(?=.*[a-z])/

/** What a text must be to hold sealing keys, for messages. They never quote the text. */
export const SEALING_KEY_RULE =
  'must hold one key or several, separated by commas or white space, each of 32 random bytes in base64url (43 characters), as "tilepass secret-key create" prints it; a passphrase is not a key'

/** Makes the text of a new key. */
export function createSealingKeyText(): string {
  return randomBytes(KEY_BYTES).toString('base64url')
}

/**
 * Parses a list of keys: the first one seals, all of them open.
 *
 * @returns `undefined` if it holds none, or anything that is not a key.
 */
export function findSealingKeys(text: string): readonly SealingKey[] | undefined {
  const words = [...new Set(text.split(/[\s,]+/).filter((word) => word !== ''))]
  const keys = words.flatMap((word) => findSealingKey(word) ?? [])
  return keys.length > 0 && keys.length === words.length ? keys : undefined
}

function findSealingKey(text: string): SealingKey | undefined {
  if (!KEY_TEXT.test(text) || !BOTH_CASES.test(text)) return
  const bytes = Buffer.from(text, 'base64url')
  if (new Set(bytes).size < LEAST_DIFFERENT) return
  const id = createHmac('sha256', bytes).update('tilepass sealing key id').digest('hex')
  return { id: id.slice(0, 16), key: createSecretKey(bytes) }
}

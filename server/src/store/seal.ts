import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { SealingKey } from './sealing-key.ts'

/** Where a sealed value belongs: moved to another row, column or table, it does not open. */
export interface SealedPlace {
  readonly table: string
  readonly column: string
  /** Primary key of the row. */
  readonly id: string
}

/** Begins every sealed value, with the version of the format. No plain value has a dot. */
const PREFIX = 'sealed1.'
/** Prefix, id of the key, then nonce, ciphertext and tag in base64url. */
const SEALED = /^sealed1\.([0-9a-f]{16})\.([\w-]+)$/
const CIPHER = 'aes-256-gcm'
/** 96 bits, the length for which GCM is specified without hashing the nonce. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Is this value sealed, whether or not it opens? */
export function isSealed(value: string): boolean {
  return value.startsWith(PREFIX)
}

/** The id of the key that sealed a value; `undefined` if the value does not name one. */
export function findSealingKeyId(value: string): string | undefined {
  return SEALED.exec(value)?.[1]
}

/**
 * Seals a value for its place with AES-256-GCM.
 *
 * Nonces are random: a store has a few dozen values, so a key seals far fewer than the 2^32 values up
 * to which random nonces of 96 bits are safe.
 *
 * @see NIST SP 800-38D §8.3
 */
export function sealValue({ id, key }: SealingKey, place: SealedPlace, plain: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(toAssociatedData(id, place))
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  const sealed = Buffer.concat([nonce, text, cipher.getAuthTag()])
  return `${PREFIX}${id}.${sealed.toString('base64url')}`
}

/**
 * Opens a sealed value.
 *
 * @returns `undefined` if the value is plain or altered, belongs elsewhere, or was sealed with another key.
 */
export function openValue(
  keys: readonly SealingKey[],
  place: SealedPlace,
  value: string,
): string | undefined {
  const [, id, text = ''] = SEALED.exec(value) ?? []
  const key = keys.find((candidate) => candidate.id === id)
  if (!key) return
  const sealed = Buffer.from(text, 'base64url')
  // Base64url has unused bits: only one spelling of a value is accepted.
  if (sealed.length < NONCE_BYTES + TAG_BYTES || sealed.toString('base64url') !== text) return
  const decipher = createDecipheriv(CIPHER, key.key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(toAssociatedData(key.id, place))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([plain, decipher.final()]).toString('utf8')
  } catch {
    return
  }
}

/** A JSON list, so that no two places give the same bytes. */
function toAssociatedData(keyId: string, { table, column, id }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([PREFIX, keyId, table, column, id]))
}

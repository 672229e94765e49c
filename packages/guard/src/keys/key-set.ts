import { isRecord } from '../options/is-record.ts'
import { showForeign } from '../options/show-foreign.ts'
import type { WaitUntil } from './single-flight.ts'
import { importVerificationKey, type VerificationKey } from './verification-key.ts'

/** An entry of a key set that is not used. */
export interface SkippedKey {
  readonly keyId: string | undefined
  /** As in `key "k1" is skipped: its "use" is not "sig"`. */
  readonly message: string
}

/** The keys of an issuer. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  readonly skipped: readonly SkippedKey[]
}

/** Which key a token asks for. */
export interface KeyRequest {
  readonly keyId: string | undefined
  readonly algorithm: string
}

/** Where a verifier gets its keys. */
export interface KeySource {
  /** The keys, if they are in memory and nothing must be waited for. */
  peek(waitUntil?: WaitUntil): KeySet | undefined
  /** Resolves to the keys; they are fetched again if none of them is the requested one. */
  load(request: KeyRequest, waitUntil?: WaitUntil): Promise<KeySet>
  /** Resolves to the keys, which are fetched again if that may be useful. */
  reload(waitUntil?: WaitUntil): Promise<KeySet>
}

/** A JSON Web Key Set (RFC 7517 §5), as an issuer publishes it. */
export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** Longest list of skipped keys in a message. */
const MAX_SHOWN = 5

/**
 * Imports the keys of a set that can verify one of `algorithms`. Every other entry is skipped: one bad
 * entry never spoils its neighbours. Of identical entries one is used. Two different keys with one `kid`
 * and one algorithm are both skipped, because nothing tells which of them is meant.
 *
 * @throws `TypeError` if this is not a key set.
 */
export async function importKeySet(value: unknown, algorithms: readonly string[]): Promise<KeySet> {
  const list: unknown = isRecord(value) ? value.keys : undefined
  if (!Array.isArray(list)) throw new TypeError('not a JSON Web Key Set')
  const imported: VerificationKey[] = []
  const skipped: SkippedKey[] = []
  const skip = (keyId: string | undefined, index: number, reason: string) => {
    const name = keyId === undefined ? `number ${index + 1}` : showForeign(keyId)
    skipped.push({ keyId, message: `key ${name} is skipped: ${reason}` })
  }
  for (const [index, entry] of list.entries()) {
    const key = await importVerificationKey(entry, algorithms)
    if (typeof key !== 'string') imported.push(key)
    else skip(isRecord(entry) && typeof entry.kid === 'string' ? entry.kid : undefined, index, key)
  }
  const distinct = imported.filter(
    (key, index) => imported.findIndex((other) => isTwin(key, other)) === index,
  )
  const isAmbiguous = (key: VerificationKey) =>
    key.keyId !== undefined && distinct.some((other) => other !== key && isRival(key, other))
  for (const key of distinct)
    if (isAmbiguous(key))
      skip(
        key.keyId,
        0,
        `another ${key.algorithm} key has the same "kid", and nothing tells which is meant`,
      )
  return { keys: distinct.filter((key) => !isAmbiguous(key)), skipped }
}

/**
 * Finds the one key that a token asks for, by `kid` and algorithm. A token without `kid` gets the key of
 * its algorithm, if there is exactly one.
 *
 * @see RFC 7517 §4.5
 */
export function findKey(
  { keys }: KeySet,
  { keyId, algorithm }: KeyRequest,
): VerificationKey | undefined {
  const fitting = keys.filter(
    (key) => key.algorithm === algorithm && (keyId === undefined || key.keyId === keyId),
  )
  return new Set(fitting.map(({ material }) => material)).size === 1 ? fitting[0] : undefined
}

/** Lists skipped keys in words, for logs. @param keyId Only those with this `kid`. */
export function describeSkipped({ skipped }: KeySet, keyId?: string): string {
  const messages = skipped
    .filter((key) => keyId === undefined || key.keyId === keyId)
    .map(({ message }) => message)
  const more = messages.length - MAX_SHOWN
  return [...messages.slice(0, MAX_SHOWN), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

function isRival(one: VerificationKey, other: VerificationKey): boolean {
  return one.keyId === other.keyId && one.algorithm === other.algorithm
}

function isTwin(one: VerificationKey, other: VerificationKey): boolean {
  return isRival(one, other) && one.material === other.material
}

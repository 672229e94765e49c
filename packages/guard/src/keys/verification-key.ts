import { isRecord } from '../options/is-record.ts'
import { findAlgorithm, isKeyTypeOf } from './algorithms.ts'

/** A public key with the one algorithm that it may verify. */
export interface VerificationKey {
  /** Its `kid`, if it has one. */
  readonly keyId: string | undefined
  readonly algorithm: string
  readonly key: CryptoKey
  /** The key material alone: equal for two entries that are the same key. */
  readonly material: string
}

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192
/** Members that only a private or symmetric key has. @see RFC 7518 §6 */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Imports one entry of a key set.
 *
 * @param algorithms The accepted algorithms.
 * @returns the key, or why it cannot be used, in words that follow `key … is skipped:`.
 */
export async function importVerificationKey(
  jwk: unknown,
  algorithms: readonly string[],
): Promise<VerificationKey | string> {
  if (!isRecord(jwk)) return 'it is not a JSON object'
  const { kid, kty, use, key_ops: operations, crv } = jwk
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return 'its "kid" is malformed'
  if (kty === 'oct') return 'it is a symmetric key, which must not be published'
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name)))
    return 'it has private members, so that anybody can sign with it'
  if (use !== undefined && use !== 'sig') return 'its "use" is not "sig"'
  // RFC 7517 §4.3: a key is for the listed operations only.
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'its "key_ops" do not include "verify"'
  const fitting = algorithms.filter((name) => isKeyTypeOf(name, kty, crv))
  const { alg } = jwk
  const algorithm = alg === undefined ? fitting[0] : fitting.find((name) => name === alg)
  if (algorithm === undefined) return `it is not for ${algorithms.join(' or ')}`
  // Without `alg`, the configured algorithm decides, but only if exactly one fits the key.
  if (alg === undefined && fitting.length > 1)
    return `it has no "alg", and ${fitting.join(' and ')} fit it`

  const publicKey = findPublicKey(jwk)
  const key = publicKey && (await importKey(publicKey, algorithm))
  if (!publicKey || !key) return 'it is malformed'
  if (publicKey.kty === 'RSA' && !isStrongRsa(key))
    return `its RSA modulus must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, and its exponent must be odd`
  return { keyId: kid, algorithm, key, material: JSON.stringify(publicKey) }
}

function findPublicKey({ kty, n, e, crv, x, y }: Readonly<Record<string, unknown>>) {
  if (kty === 'RSA')
    return typeof n === 'string' && typeof e === 'string' ? { kty, n, e } : undefined
  if (typeof kty !== 'string' || typeof crv !== 'string' || typeof x !== 'string') return
  return { kty, crv, x, ...(typeof y === 'string' ? { y } : {}) }
}

async function importKey(publicKey: JsonWebKey, name: string): Promise<CryptoKey | undefined> {
  const algorithm = findAlgorithm(name)
  if (!algorithm) return
  try {
    return await crypto.subtle.importKey('jwk', publicKey, algorithm.importing, true, ['verify'])
  } catch {
    return
  }
}

/**
 * Is this the key's signature of the text, by the key's own algorithm?
 *
 * @param text ASCII.
 * @see RFC 7515 §5.2
 */
export async function isSignatureOf(
  { key, algorithm: name }: VerificationKey,
  signature: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<boolean> {
  const algorithm = findAlgorithm(name)
  if (!algorithm) return false
  try {
    const bytes = new TextEncoder().encode(text)
    return await crypto.subtle.verify(algorithm.verifying, key, signature, bytes)
  } catch {
    // Some runtimes throw for a signature of the wrong length.
    return false
  }
}

// Read from the imported key: its size is exact, whatever leading zeros the text had.
function isStrongRsa({ algorithm }: CryptoKey): boolean {
  if (!('modulusLength' in algorithm && 'publicExponent' in algorithm)) return false
  const { modulusLength, publicExponent } = algorithm
  const bits = Number(modulusLength)
  // Older versions of workerd give an ArrayBuffer instead of a Uint8Array.
  const bytes = new Uint8Array(publicExponent as ArrayBuffer)
  const exponent = bytes.reduce((value, byte) => value * 256 + byte, 0)
  const isExponent = bytes.length <= 4 && exponent >= 3 && exponent % 2 === 1
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && isExponent
}

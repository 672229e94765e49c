import { type CryptoKey, importJWK, type JWK } from 'jose'
import { isRecord } from '../options/is-record.ts'

/** A public key with the one algorithm that it may verify. */
export interface VerificationKey {
  readonly algorithm: string
  readonly key: CryptoKey
}

/** Keys by `kid`. */
export type KeySet = ReadonlyMap<string, VerificationKey>

/** Where a verifier gets its keys. */
export interface KeySource {
  /** The key, if it is in memory. */
  peek(keyId: string): VerificationKey | undefined
  /** Resolves to the key, or to `undefined` for an unknown `kid`. */
  find(keyId: string): Promise<VerificationKey | undefined>
}

/** A JSON Web Key Set (RFC 7517 §5), as an issuer publishes it. */
export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

const KEY_TYPES: Readonly<Record<string, { kty: string; crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

/** Is this a public-key signature algorithm that we can verify? Algorithms with a shared secret never are. */
export function isSupportedAlgorithm(algorithm: string): boolean {
  return Object.hasOwn(KEY_TYPES, algorithm)
}

/**
 * Imports the keys of a set that can verify one of `algorithms`. All other keys are left out: malformed
 * ones, and those that `use` or `key_ops` reserve for something else.
 *
 * @throws `TypeError` if this is not a key set, or if two usable keys share a `kid`.
 */
export async function importKeySet(value: unknown, algorithms: readonly string[]): Promise<KeySet> {
  const list: unknown = isRecord(value) ? value.keys : undefined
  if (!isList(list)) throw new TypeError('not a JSON Web Key Set')
  const keys = new Map<string, VerificationKey>()
  for (const entry of list) {
    const usable = findUsableKey(entry, algorithms)
    if (!usable) continue
    const { keyId, algorithm, publicKey } = usable
    const key = await importKey(publicKey, algorithm)
    if (!key) continue
    if (keys.has(keyId)) throw new TypeError('two keys share a kid')
    keys.set(keyId, { algorithm, key })
  }
  return keys
}

/** Resolves to `undefined` for a key that is malformed or too weak: the rest of its set stays usable. */
async function importKey(publicKey: JWK, algorithm: string): Promise<CryptoKey | undefined> {
  try {
    const key = await importJWK(publicKey, algorithm)
    if (key instanceof Uint8Array) return
    return publicKey.kty !== 'RSA' || isStrongRsa(key) ? key : undefined
  } catch {
    return
  }
}

function findUsableKey(
  jwk: unknown,
  algorithms: readonly string[],
): { keyId: string; algorithm: string; publicKey: JWK } | undefined {
  if (!isRecord(jwk)) return
  const { kid, kty, alg, use, key_ops: operations, n, e, crv, x, y } = jwk
  if (typeof kid !== 'string' || kid === '' || typeof kty !== 'string') return
  if (use !== undefined && use !== 'sig') return
  // RFC 7517 §4.3: a key is for the listed operations only.
  if (operations !== undefined && !(isList(operations) && operations.includes('verify'))) return
  const fitting = algorithms.filter((name) => {
    const type = KEY_TYPES[name]
    return type?.kty === kty && (type.crv === undefined || type.crv === crv)
  })
  const algorithm = alg === undefined ? fitting[0] : fitting.find((name) => name === alg)
  // Without `alg`, the configured algorithm decides, but only if exactly one fits the key.
  if (algorithm === undefined || (alg === undefined && fitting.length > 1)) return
  if (kty === 'RSA') {
    if (typeof n !== 'string' || typeof e !== 'string') return
    return { keyId: kid, algorithm, publicKey: { kty, n, e } }
  }
  if (typeof crv !== 'string' || typeof x !== 'string') return
  return {
    keyId: kid,
    algorithm,
    publicKey: { kty, crv, x, ...(typeof y === 'string' ? { y } : {}) },
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

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

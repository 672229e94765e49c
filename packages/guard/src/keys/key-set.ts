import { type CryptoKey, importJWK, type JWK } from 'jose'
import { isRecord } from '../options/is-record.ts'

/** A public key with the one algorithm that it may verify. */
export interface VerificationKey {
  readonly algorithm: string
  readonly key: CryptoKey
}

/** Keys by `kid`. */
export type KeySet = ReadonlyMap<string, VerificationKey>

/** Where keys come from; `undefined` for an unknown `kid`. */
export interface KeySource {
  /** The key, if it is at hand. */
  peek(keyId: string): VerificationKey | undefined
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

/** Can this algorithm be verified with a public key that we support? Secrets never can. */
export function isSupportedAlgorithm(algorithm: string): boolean {
  return Object.hasOwn(KEY_TYPES, algorithm)
}

/**
 * Imports the keys of a set that can verify one of `algorithms`; the others are left out, malformed
 * ones too.
 *
 * @throws `TypeError` if it is not a key set, or if two usable keys share a `kid`.
 */
export async function importKeySet(value: unknown, algorithms: readonly string[]): Promise<KeySet> {
  const list: unknown = isRecord(value) ? value.keys : undefined
  if (!isList(list)) throw new TypeError('not a JSON Web Key Set')
  const keys = new Map<string, VerificationKey>()
  for (const entry of list) {
    const usable = findUsable(entry, algorithms)
    if (!usable) continue
    const { keyId, algorithm, publicKey } = usable
    const key = await importKey(publicKey, algorithm)
    if (!key) continue
    if (keys.has(keyId)) throw new TypeError('two keys share a kid')
    keys.set(keyId, { algorithm, key })
  }
  return keys
}

/** `undefined` for a key that is none: it must not take its neighbours along. */
async function importKey(publicKey: JWK, algorithm: string): Promise<CryptoKey | undefined> {
  try {
    const key = await importJWK(publicKey, algorithm)
    return key instanceof Uint8Array ? undefined : key
  } catch {
    return
  }
}

function findUsable(
  jwk: unknown,
  algorithms: readonly string[],
): { keyId: string; algorithm: string; publicKey: JWK } | undefined {
  if (!isRecord(jwk)) return
  const { kid, kty, alg, use, n, e, crv, x, y } = jwk
  if (typeof kid !== 'string' || kid === '' || typeof kty !== 'string') return
  if (use !== undefined && use !== 'sig') return
  const fitting = algorithms.filter((name) => {
    const type = KEY_TYPES[name]
    return type?.kty === kty && (type.crv === undefined || type.crv === crv)
  })
  const algorithm = alg === undefined ? fitting[0] : fitting.find((name) => name === alg)
  // Without `alg` the key is bound to the configured algorithm, if that leaves no choice.
  if (algorithm === undefined || (alg === undefined && fitting.length > 1)) return
  if (kty === 'RSA') {
    if (typeof n !== 'string' || typeof e !== 'string' || !isStrongRsa(n, e)) return
    return { keyId: kid, algorithm, publicKey: { kty, n, e } }
  }
  if (typeof crv !== 'string' || typeof x !== 'string') return
  return {
    keyId: kid,
    algorithm,
    publicKey: { kty, crv, x, ...(typeof y === 'string' ? { y } : {}) },
  }
}

function isStrongRsa(modulus: string, exponent: string): boolean {
  const n = Buffer.from(modulus, 'base64url')
  const e = Buffer.from(exponent, 'base64url')
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24
  const odd = ((e.at(-1) ?? 0) & 1) === 1
  return (
    bits >= MIN_RSA_BITS && bits <= 8192 && odd && e.length <= 4 && e.readUIntBE(0, e.length) >= 3
  )
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

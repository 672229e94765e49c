/** What a signature algorithm needs of a key, and how Web Crypto names it. */
export interface Algorithm {
  readonly kty: string
  readonly crv?: string
  /** For `importKey`. */
  readonly importing: {
    readonly name: string
    readonly hash?: string
    readonly namedCurve?: string
  }
  /** For `verify`. */
  readonly verifying: {
    readonly name: string
    readonly hash?: string
    readonly saltLength?: number
  }
}

/** @see RFC 7518 §3.3 */
function pkcs1(bits: number): Algorithm {
  const name = 'RSASSA-PKCS1-v1_5'
  return { kty: 'RSA', importing: { name, hash: `SHA-${bits}` }, verifying: { name } }
}

/** @see RFC 7518 §3.5: the salt is as long as the hash. */
function pss(bits: number): Algorithm {
  const name = 'RSA-PSS'
  const verifying = { name, saltLength: bits / 8 }
  return { kty: 'RSA', importing: { name, hash: `SHA-${bits}` }, verifying }
}

/** @see RFC 7518 §3.4 */
function ecdsa(bits: number, crv: string): Algorithm {
  const name = 'ECDSA'
  const verifying = { name, hash: `SHA-${bits}` }
  return { kty: 'EC', crv, importing: { name, namedCurve: crv }, verifying }
}

/** @see RFC 8037 §3.1, RFC 9864 §2.2 */
const ed25519: Algorithm = {
  kty: 'OKP',
  crv: 'Ed25519',
  importing: { name: 'Ed25519' },
  verifying: { name: 'Ed25519' },
}

/** Every algorithm that we can verify: those with a public key. None with a shared secret is among them. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', pkcs1(256)],
  ['RS384', pkcs1(384)],
  ['RS512', pkcs1(512)],
  ['PS256', pss(256)],
  ['PS384', pss(384)],
  ['PS512', pss(512)],
  ['ES256', ecdsa(256, 'P-256')],
  ['ES384', ecdsa(384, 'P-384')],
  ['ES512', ecdsa(512, 'P-521')],
  ['EdDSA', ed25519],
  ['Ed25519', ed25519],
])

/** Finds a public-key signature algorithm by its name in a token (`alg`). */
export function findAlgorithm(name: string): Algorithm | undefined {
  return ALGORITHMS.get(name)
}

/** Can a key of this type and curve verify signatures of the algorithm? */
export function isKeyTypeOf(name: string, kty: unknown, crv: unknown): boolean {
  const algorithm = findAlgorithm(name)
  return algorithm?.kty === kty && (algorithm?.crv === undefined || algorithm.crv === crv)
}

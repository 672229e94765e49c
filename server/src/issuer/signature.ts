import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'

/** Algorithms of signing keys. @see RFC 7518 §3.1, RFC 8037 §3.1 */
export const SIGNING_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
/** Algorithm of a signing key; `EdDSA` is Ed25519. */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

export const DEFAULT_ALGORITHM: SigningAlgorithm = 'RS256'

const signInThreadPool = promisify(sign)
/** Of those that this process may use. */
const CORES = availableParallelism()

/** Reads a private key. @throws `Error` for a JWK that is none. */
export function readPrivateKey(jwk: string): KeyObject {
  return createPrivateKey({ key: JSON.parse(jwk), format: 'jwk' })
}

/**
 * Signs a compact JWS. Node's own crypto takes less time for it than WebCrypto, through which libraries
 * sign.
 *
 * @param algorithm That of the key and of the header.
 * @see RFC 7515 §7.1
 */
export async function signJws(
  header: Readonly<Record<string, unknown>>,
  payload: object,
  privateKey: KeyObject,
  algorithm: string,
): Promise<string> {
  const input = `${encode(header)}.${encode(payload)}`
  const bytes = Buffer.from(input)
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  // RSA takes ten times as long as the others, which are done sooner than a thread has them.
  const isWorthThread = algorithm === 'RS256' && CORES > 1
  const signature = isWorthThread
    ? await signInThreadPool(digest, bytes, key)
    : sign(digest, bytes, key)
  return `${input}.${signature.toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

import { randomBytes, randomUUID } from 'node:crypto'
import type { TileClaims } from '@tilepass/guard'
import type { JWTPayload } from 'jose'
import type { Issuer } from './issuer.ts'
import { signJws } from './signature.ts'

/** The claims of a new token of any kind, besides `iss`, `aud` and `jti`; undefined ones are left out. */
export interface NewClaims extends JWTPayload {
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number
  /** Id of the session that the token came from. */
  readonly sid?: string | undefined
  /** The tiles that the token is restricted to. */
  readonly tiles?: TileClaims | undefined
}

/** Signs a token. It may load the signing keys, so call it before a change and not within one. */
export type Mint = (claims: NewClaims) => Promise<string>

/** A new access token, and what its holder must know about it. */
export interface MintedToken {
  readonly token: string
  readonly scope: string
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number
}

/** Creates the function that signs the tokens of an issuer, which is also their audience. */
export function createMint({ url, keys, meter }: Pick<Issuer, 'url' | 'keys' | 'meter'>): Mint {
  return async (claims) => {
    // A verifier that does not know tile claims must refuse the token, not take it as unrestricted.
    const critical = claims.tiles && { crit: ['tiles'], tiles: true }
    await keys.refresh()
    const { algorithm: alg, keyId: kid } = keys
    // In the order of the examples that the APIs document: a token is recognised by its beginning.
    const header =
      claims.token_type === 'api_token' ? { alg, typ: 'JWT', kid } : { alg, kid, typ: 'JWT' }
    const startedAt = performance.now()
    const payload = { ...claims, iss: url, aud: url, jti: randomUUID() }
    const token = await signJws({ ...header, ...critical }, payload, keys.privateKey, alg)
    meter?.timeSigning((performance.now() - startedAt) / 1000)
    return token
  }
}

const ID_BYTES = 16
let random = Buffer.alloc(0)
let used = 0

/** Creates an id: 128 random bits after the prefix of its kind. */
export function createTokenId(prefix: 'tok_' | 'tok_short_'): string {
  if (used === random.length) {
    // For many ids at once: to ask the system takes as long for one.
    random = randomBytes(256 * ID_BYTES)
    used = 0
  }
  used += ID_BYTES
  return prefix + random.toString('hex', used - ID_BYTES, used)
}

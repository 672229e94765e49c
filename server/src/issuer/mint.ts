import { randomBytes, randomUUID } from 'node:crypto'
import type { Confirmation, TileClaims } from '@tilepass/guard'
import { SignJWT } from 'jose'
import type { SigningKeys } from './signing-keys.ts'

/** What a new token says; times in whole seconds since 1970. */
export interface TokenContent {
  readonly sub: string
  readonly orgId: string
  readonly scope: string
  readonly iat: number
  readonly exp: number
  /** Id of what an access token came from. */
  readonly parent?: string
  /** What its tiles are restricted to. */
  readonly tiles?: TileClaims | undefined
  /** What it is bound to. */
  readonly cnf?: Confirmation | undefined
}

/** A new token and what its holder is told about it. */
export interface MintedToken {
  readonly token: string
  readonly scope: string
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number
}

/** Signs tokens. */
export type Mint = (content: TokenContent) => Promise<string>

/** Creates the function that signs tokens of this issuer, which is also their audience. */
export function createMint(keys: SigningKeys, issuer: string): Mint {
  return async ({ sub, orgId, scope, iat, exp, parent, tiles, cnf }) => {
    // Who does not know tile claims must refuse the token instead of taking it for a full one.
    const critical = tiles && { crit: ['tiles'], tiles: true }
    await keys.refresh()
    return new SignJWT({
      org_id: orgId,
      scope,
      token_type: 'api_token',
      ...(parent === undefined ? {} : { parent }),
      ...(tiles && { tiles }),
      ...(cnf && { cnf }),
    })
      .setProtectedHeader({ alg: keys.algorithm, typ: 'JWT', kid: keys.keyId, ...critical })
      .setSubject(sub)
      .setIssuer(issuer)
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt(iat)
      .setExpirationTime(exp)
      .sign(keys.privateKey, { crit: { tiles: true } })
  }
}

/** A new id of 128 random bits behind the prefix of its kind. */
export function createTokenId(prefix: 'tok_' | 'tok_short_'): string {
  return prefix + randomBytes(16).toString('hex')
}

import { parseClaims, type TokenClaims } from './claims.ts'
import { assertOwnLength, type CompactJws } from './compact-jws.ts'
import { parseForeignClaims } from './foreign-claims.ts'
import { parseForeignHeader, parseOwnHeader, type TokenHeader } from './header.ts'
import type { IssuerOptions } from './issuer-options.ts'
import { hashText } from './sha256.ts'

/** The rules for the tokens of one issuer. */
export interface TokenRules {
  readonly leeway: number
  /** @throws `InvalidTokenError` */
  parseHeader(jws: CompactJws): TokenHeader
  /** @param now Epoch ms. @throws `InvalidTokenError`, `TokenExpiredError` */
  parseClaims(jws: CompactJws, now: number): Promise<TokenClaims>
}

/**
 * Creates the rules: strict ones for tokens of our own kind, which have a `token_type`, and the minimum of
 * RFC 7519 and RFC 8725 for those of any other issuer.
 *
 * @throws `TypeError` for options that contradict each other.
 */
export function createTokenRules(options: IssuerOptions): TokenRules {
  const { issuer, audience, tokenType = 'api_token', requiredClaims = {} } = options
  const { leeway = 1_000, maxLifetime = 366 * 86_400_000 } = options
  const common = { issuer, requiredClaims, leeway, maxLifetime }
  if (tokenType === null) {
    if (audience === null && Object.keys(requiredClaims).length === 0)
      throw new TypeError(
        '"audience: null" requires "requiredClaims", such as { client_id: "map" }: otherwise a token for anybody passes',
      )
    const rules = { ...common, audience }
    return {
      leeway,
      parseHeader: ({ header }) => parseForeignHeader(header),
      parseClaims: async ({ payload, signingInput }, now) =>
        parseForeignClaims(
          payload,
          rules,
          typeof payload.jti === 'string' ? '' : await hashText(signingInput),
          now,
        ),
    }
  }
  if (audience === null) throw new TypeError('"audience: null" requires "tokenType: null"')
  const rules = { ...common, audience, tokenType }
  return {
    leeway,
    parseHeader: (jws) => {
      assertOwnLength(jws)
      return parseOwnHeader(jws.header)
    },
    parseClaims: async ({ payload }, now) => parseClaims(payload, rules, now),
  }
}

import {
  GuardError,
  narrowTileClaims,
  type TileClaims,
  type TokenClaims,
  type TokenUse,
  type Verifier,
} from '@tilepass/guard'
import type { Store } from '../store/open.ts'
import type { Usage } from '../usage/usage.ts'
import { InvalidScopeError, UnauthorizedError } from './errors.ts'
import { createTokenId, type Mint, type MintedToken } from './mint.ts'
import { createRegisteredVerifier } from './registered.ts'
import { findScopes, isSubset } from './scopes.ts'

/** A subject token that was accepted for exchange. */
export interface Subject {
  readonly claims: TokenClaims
}

/** What the client asks of an exchange. */
export interface ExchangeRequest {
  /** Seconds, 1 to 14400. */
  readonly ttl: number
  /** All of the subject token's when absent. */
  readonly scopes?: readonly string[]
  /** Restricts the subject token's tiles further; what it leaves out stays as it is. */
  readonly tiles?: TileClaims
}

/** Exchanges subject tokens for access tokens (RFC 8693 in Geog's form). */
export interface Exchange {
  /**
   * @param use Without `keepsTileClaims` a token that is restricted to some tiles is refused.
   * @throws {@link UnauthorizedError} unless it is a current API token of the registry.
   */
  authenticate(token: string, use?: Pick<TokenUse, 'keepsTileClaims'>): Promise<Subject>
  /**
   * Mints an access token that never outlives its subject token.
   *
   * @throws {@link InvalidScopeError} for a scope or for tiles that the subject token lacks.
   */
  exchange(subject: Subject, request: ExchangeRequest): Promise<MintedToken>
}

/** Creates the exchange. The registry is read every time: no cache stands between it and a revocation. */
export function createExchange(
  store: Store,
  verifier: Verifier,
  mint: Mint,
  usage: Usage,
  now: () => number,
): Exchange {
  const registered = createRegisteredVerifier(store, verifier)
  return {
    authenticate: async (token, use) => ({
      claims: await verifyOrRefuse(registered, token, use),
    }),

    exchange: async ({ claims }, { ttl, scopes, tiles: wanted }) => {
      const permitted = findScopes(claims.scope) ?? []
      if (scopes && !isSubset(scopes, permitted)) throw new InvalidScopeError()
      const tiles = wanted ? narrowTileClaims(claims.tiles, wanted) : claims.tiles
      if (wanted && !tiles) throw new InvalidScopeError()
      const iat = Math.floor(now() / 1000)
      const exp = Math.min(iat + ttl, claims.exp)
      // Only within the leeway: there is nothing left to hand out.
      if (exp <= iat) throw new UnauthorizedError('Bearer error="invalid_token"')
      const scope = (scopes ?? permitted).join(' ')
      const token = await mint({
        sub: createTokenId('tok_short_'),
        orgId: claims.org_id ?? '',
        scope,
        iat,
        exp,
        parent: claims.sub,
        tiles,
      })
      usage.record(claims, 'exchange')
      return { token, scope, iat, exp }
    },
  }
}

async function verifyOrRefuse(
  verifier: Verifier,
  token: string,
  use?: TokenUse,
): Promise<TokenClaims> {
  try {
    return await verifier.verify(token, use)
  } catch (error) {
    if (error instanceof GuardError && error.status < 500)
      throw new UnauthorizedError('Bearer error="invalid_token"')
    throw error
  }
}

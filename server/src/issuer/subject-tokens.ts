import type { TileClaims, TokenUse } from '@tilepass/guard'
import type { OwnTokenClaims } from '@tilepass/guard/broker'
import type { Store } from '../store/open.ts'
import type { Usage } from '../usage/usage.ts'
import { InvalidScopeError, type ReadOnlyTokenError, UnauthorizedError } from './errors.ts'
import type { Issuer } from './issuer.ts'
import { createMint, createTokenId, type MintedToken } from './mint.ts'
import { narrow, toRights } from './narrow.ts'
import { type ApiTokenUse, assertAllows } from './read-only.ts'
import { requireRegistered } from './registered.ts'
import { createOwnVerifier, refuseAs } from './verify.ts'

/** A subject token that was accepted for exchange. */
export interface Subject {
  readonly claims: OwnTokenClaims
}

/** What the client asks for. */
export interface ExchangeRequest {
  /** Seconds, 1 to 14400. */
  readonly ttl: number
  /** Default: every scope of the subject token. */
  readonly scopes?: readonly string[]
  /** Restricts the tiles of the subject token further; members that are absent are inherited. */
  readonly tiles?: TileClaims
}

/** Exchanges subject tokens for access tokens (RFC 8693 in Geog's form). */
export interface SubjectTokens {
  /**
   * Verifies a subject token.
   *
   * @param use What it is presented for.
   * @param restrictions Without `enforcesTileClaims` a token that is restricted to some tiles is
   *   refused.
   * @throws {@link UnauthorizedError} unless it is a current API token of the registry;
   *   {@link ReadOnlyTokenError}
   */
  authenticate(
    token: string,
    use: ApiTokenUse,
    restrictions?: Pick<TokenUse, 'enforcesTileClaims'>,
  ): Promise<Subject>
  /**
   * Mints an access token that never outlives its subject token.
   *
   * @throws {@link InvalidScopeError} for a scope or tiles that the subject token does not permit.
   */
  exchange(subject: Subject, request: ExchangeRequest): Promise<MintedToken>
}

/** Creates the exchange. It reads the registry every time, so that a revocation counts at once. */
export function createSubjectTokens(store: Store, issuer: Issuer, usage: Usage): SubjectTokens {
  const { now } = issuer
  const verifier = createOwnVerifier(issuer, 'exchange')
  const mint = createMint(issuer)
  return {
    authenticate: async (token, use, restrictions) => {
      const toError = (cause: Error) =>
        new UnauthorizedError('Bearer error="invalid_token"', { cause })
      const { claims, isReadOnly } = await refuseAs(toError, async () => {
        const claims = await verifier.verify(token, restrictions)
        return { claims, ...(await requireRegistered(store, claims)) }
      })
      assertAllows(isReadOnly, use)
      return { claims }
    },

    exchange: async ({ claims }, { ttl, ...wanted }) => {
      const { rights } = narrow(toRights(claims), wanted)
      if (!rights) throw new InvalidScopeError()
      const iat = Math.floor(now() / 1000)
      const exp = Math.min(iat + ttl, claims.exp)
      // A subject token within the leeway has no lifetime left to hand on.
      if (exp <= iat) throw new UnauthorizedError('Bearer error="invalid_token"')
      const scope = rights.scopes.join(' ')
      const token = await mint({
        sub: createTokenId('tok_short_'),
        org_id: claims.org_id ?? '',
        token_type: 'api_token',
        scope,
        iat,
        exp,
        parent: claims.sub,
        tiles: rights.tiles,
      })
      usage.record(claims, 'exchange')
      issuer.meter?.countExchange('subject_token')
      return { token, scope, iat, exp }
    },
  }
}

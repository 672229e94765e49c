import { createHash } from 'node:crypto'
import { GuardError, InvalidTokenError, TokenExpiredError, type Verifier } from '@tilepass/guard'
import { NEVER } from '../../store/api-tokens.ts'
import type { Issuer } from '../issuer.ts'
import { MAPBOX_KINDS } from '../kinds.ts'
import { meterVerifier } from '../meter-verifier.ts'
import { isSourceAllowed } from './allowed-urls.ts'
import type { MapboxBearer, MapboxTokenCheck } from './check.ts'
import { isMapboxToken, TEMPORARY_TOKEN_ID } from './codec.ts'
import { formatRestrictions } from './restrictions.ts'

/** The scope that a Mapbox token needs for tiles, and its name in other tokens. */
const MAPBOX_TILES = 'styles:tiles'
const TILES = 'tiles:read'

/** 403 `SOURCE_NOT_ALLOWED`: the token is restricted to other pages. */
export class SourceNotAllowedError extends GuardError {
  constructor() {
    super('Forbidden', { status: 403, code: 'SOURCE_NOT_ALLOWED', reason: 'Forbidden' })
  }
}

/**
 * Creates a verifier that accepts public and temporary Mapbox tokens besides the tokens of `others`.
 * A secret token does not open tiles, because it must not be in a page. Mapbox tokens are read from the
 * registry every time, so none is recalled.
 */
export function createTileVerifier(
  others: Verifier,
  check: MapboxTokenCheck,
  issuer: Pick<Issuer, 'url' | 'meter' | 'now'>,
): Verifier {
  const mapbox = meterVerifier(createMapboxVerifier(check, issuer), 'tiles', issuer.meter)
  const choose = (token: string) => (isMapboxToken(token) ? mapbox : others)
  return {
    recall: (token, source) => choose(token).recall(token, source),
    verify: (token, source) => choose(token).verify(token, source),
  }
}

function createMapboxVerifier(
  check: MapboxTokenCheck,
  { url: issuer, now }: Pick<Issuer, 'url' | 'now'>,
): Verifier {
  return {
    recall: () => undefined,
    verify: async (token, source = {}) => {
      const result = await check(token)
      if (result.code === 'TokenExpired') throw new TokenExpiredError()
      if (result.code !== 'TokenValid') throw new InvalidTokenError(result.code)
      const { bearer } = result
      // While the database is away, the result may be one of before.
      if (bearer.exp !== undefined && now() >= bearer.exp * 1000) throw new TokenExpiredError()
      if (!MAPBOX_KINDS[bearer.usage].includes('tiles'))
        throw new InvalidTokenError('wrong kind of token')
      if (!isSourceAllowed(bearer.allowedUrls, source)) throw new SourceNotAllowedError()
      const id = bearer.id ?? `tk_${hash(token)}`
      return {
        iss: issuer,
        aud: issuer,
        sub: id,
        jti: id,
        iat: bearer.iat,
        exp: bearer.exp ?? NEVER / 1000,
        scope: toTileScope(bearer),
        token_type: bearer.usage,
        org_id: bearer.account.orgId,
        // Usage counts all temporary tokens together.
        ...(bearer.usage === 'tk' ? { parent: TEMPORARY_TOKEN_ID } : {}),
      }
    },
  }
}

// A restriction that cannot be checked denies the tiles instead of being ignored.
function toTileScope(bearer: MapboxBearer): string {
  const { scopes } = bearer
  if (formatRestrictions(bearer) !== null || !scopes.includes(MAPBOX_TILES)) return scopes.join(' ')
  return [...scopes, TILES].join(' ')
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32)
}

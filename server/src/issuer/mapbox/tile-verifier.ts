import { createHash } from 'node:crypto'
import { GuardError, InvalidTokenError, TokenExpiredError, type Verifier } from '@tilepass/guard'
import { NEVER } from '../../store/api-tokens.ts'
import { MAPBOX_KINDS } from '../kinds.ts'
import { isSourceAllowed } from './allowed-urls.ts'
import type { MapboxBearer, MapboxTokenCheck } from './check.ts'
import { TEMPORARY } from './registry.ts'

/** What a Mapbox token must have to open tiles, and what that is called elsewhere. */
const MAPBOX_TILES = 'styles:tiles'
const TILES = 'tiles:read'

/** 403 `SOURCE_NOT_ALLOWED`: the token is for other pages. */
export class SourceNotAllowedError extends GuardError {
  constructor() {
    super('Forbidden', { status: 403, code: 'SOURCE_NOT_ALLOWED', reason: 'Forbidden' })
  }
}

/**
 * Creates a verifier that takes public and temporary Mapbox tokens as well as what `others` takes.
 * A secret token opens no tiles: it has no business in a page.
 */
export function createTileVerifier(
  others: Verifier,
  check: MapboxTokenCheck,
  issuer: string,
): Verifier {
  return {
    verify: async (token, source = {}) => {
      if (!/^[pst]k\./.test(token)) return others.verify(token, source)
      const result = await check(token)
      if (result.code === 'TokenExpired') throw new TokenExpiredError()
      if (result.code !== 'TokenValid') throw new InvalidTokenError(result.code)
      const { bearer } = result
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
        scope: findTileScope(bearer),
        token_type: bearer.usage,
        org_id: bearer.account.orgId,
        // Nobody counts temporary tokens one by one.
        ...(bearer.usage === 'tk' ? { parent: TEMPORARY } : {}),
      }
    },
  }
}

// A restriction that cannot be checked closes the tiles instead of being ignored.
function findTileScope({ scopes, isUncheckable }: MapboxBearer): string {
  if (isUncheckable || !scopes.includes(MAPBOX_TILES)) return scopes.join(' ')
  return [...scopes, TILES].join(' ')
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32)
}

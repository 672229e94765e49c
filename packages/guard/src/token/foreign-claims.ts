import { InvalidTokenError, TokenExpiredError } from '../errors.ts'
import { parseConfirmation } from './binding.ts'
import { isExpired, MAX_FUTURE_ISSUE, type TokenClaims } from './claims.ts'
import { assertAccessToken } from './foreign-kinds.ts'
import { createMismatch } from './mismatch.ts'
import {
  isForAudience,
  readAudience,
  readOptionalString,
  readString,
  readTiles,
} from './read-claim.ts'
import { assertRequiredClaims, type RequiredClaims } from './required-claims.ts'

/** The rules that claims of another issuer must satisfy; durations in ms. */
export interface ForeignClaimRules {
  readonly issuer: string
  /** `null` for issuers whose tokens have none. */
  readonly audience: string | null
  readonly requiredClaims: RequiredClaims
  readonly leeway: number
  readonly maxLifetime: number
}

type Payload = Readonly<Record<string, unknown>>

/** Where issuers name the client: RFC 9068, OpenID Connect, Entra and ADFS, Okta. */
const CLIENT_CLAIMS = ['client_id', 'azp', 'appid', 'cid']

/**
 * Reads the claims of a token of an issuer that is not ours, and checks the minimum that RFC 7519 and
 * RFC 8725 require: issuer, audience and end, and that it is an access token.
 *
 * @param tokenId The token's `jti` if its issuer gives it none.
 * @param now Epoch ms.
 * @throws {@link InvalidTokenError}, or {@link TokenExpiredError} if `exp` is the only rule it breaks.
 */
export function parseForeignClaims(
  payload: Payload,
  rules: ForeignClaimRules,
  tokenId: string,
  now: number,
): TokenClaims {
  const iss = readString(payload, 'iss')
  const sub = readOptionalString(payload, 'sub')
  const jti = readOptionalString(payload, 'jti') ?? tokenId
  const exp = readTime(payload, 'exp')
  const iat = payload.iat === undefined ? undefined : readTime(payload, 'iat')
  const scope = readScopes(payload)
  const tiles = readTiles(payload)
  // Also another binding than ours: a token that is bound to a key is not a bearer token.
  const cnf = payload.cnf === undefined ? undefined : parseConfirmation(payload.cnf)

  if (iss !== rules.issuer) throw createMismatch('issuer', rules.issuer, iss)
  const aud =
    payload.aud === undefined && rules.audience === null ? undefined : readAudience(payload)
  if (rules.audience !== null && !(aud !== undefined && isForAudience(aud, rules.audience)))
    throw createMismatch('audience', rules.audience, aud)
  assertAccessToken(payload, rules.requiredClaims)
  assertRequiredClaims(payload, rules.requiredClaims)

  const lifetime = exp * 1000 - (iat === undefined ? now : iat * 1000)
  if (lifetime > rules.maxLifetime || (iat !== undefined && lifetime <= 0))
    throw new InvalidTokenError('lifetime out of bounds')
  const soon = now + Math.max(MAX_FUTURE_ISSUE, rules.leeway)
  if (iat !== undefined && iat * 1000 > soon) throw new InvalidTokenError('issued in the future')
  if (payload.nbf !== undefined && readTime(payload, 'nbf') * 1000 > soon)
    throw new InvalidTokenError('not yet valid')
  if (isExpired(exp, rules.leeway, now)) throw new TokenExpiredError()

  const client = CLIENT_CLAIMS.map((name) => payload[name]).find(isText)
  const { token_type, org_id, parent, sid } = payload
  return {
    iss,
    ...(aud === undefined ? {} : { aud }),
    ...(sub === undefined ? {} : { sub }),
    ...(client === undefined ? {} : { client_id: client }),
    jti,
    ...(iat === undefined ? {} : { iat }),
    exp,
    scope,
    ...(isText(token_type) ? { token_type } : {}),
    ...(isText(org_id) ? { org_id } : {}),
    ...(isText(parent) ? { parent } : {}),
    ...(isText(sid) ? { sid } : {}),
    ...(tiles === undefined ? {} : { tiles }),
    ...(cnf === undefined ? {} : { cnf }),
  }
}

/** `scope` is a string in RFC 9068; `scp` is one at Entra and a list at Okta. Some issuers send both. */
function readScopes(payload: Payload): string {
  const scopes = ['scope', 'scp'].flatMap((name) => {
    const value = payload[name]
    if (value === undefined || value === null) return []
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    return list.flatMap((entry) => {
      if (typeof entry !== 'string')
        throw new InvalidTokenError(`${name} must be a string or a list of strings`)
      return entry.split(' ').filter((scope) => scope !== '')
    })
  })
  return [...new Set(scopes)].join(' ')
}

/** NumericDates may have a fraction. @see RFC 7519 §2 */
function readTime(payload: Payload, name: string): number {
  const value = payload[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER))
    throw new InvalidTokenError(`${name} must be a number of seconds`)
  return value
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

import { InvalidTokenError, TokenExpiredError } from '../errors.ts'
import type { TileClaims } from '../tiles/tile-claims.ts'
import { type Confirmation, parseConfirmation } from './binding.ts'
import { createMismatch } from './mismatch.ts'
import {
  isForAudience,
  readAudience,
  readOptionalString,
  readString,
  readTiles,
} from './read-claim.ts'
import { assertRequiredClaims, type RequiredClaims } from './required-claims.ts'

/**
 * The claims of a verified token. Times are seconds since 1970, as on the wire (RFC 7519 §4.1).
 *
 * What is optional may be absent from tokens of other issuers; tokens of our own kind have it
 * ({@link OwnTokenClaims}).
 */
export interface TokenClaims {
  readonly iss: string
  /** Absent only where `audience` is `null`. */
  readonly aud?: string | readonly string[]
  /** Whom the token is about. Absent from tokens of clients, and from lightweight tokens. */
  readonly sub?: string
  /** The client that the token was issued to: `client_id`, `azp`, `appid` or `cid`. */
  readonly client_id?: string
  /** Id of the token; a hash of the token where the issuer gives it none. */
  readonly jti: string
  /** From other issuers it may have a fraction. */
  readonly iat?: number
  /** From other issuers it may have a fraction. */
  readonly exp: number
  /** Space-separated scopes, from `scope` or `scp`; empty when the token has none. */
  readonly scope: string
  readonly token_type?: string
  readonly org_id?: string
  /** Id of the subject token that this one was exchanged for. */
  readonly parent?: string
  /** Id of the session that the token came from, and with which it ends. */
  readonly sid?: string
  /** The tiles that the token is restricted to; the caller must enforce this. */
  readonly tiles?: TileClaims
  /** The secret that the token is bound to, as a hash. */
  readonly cnf?: Confirmation
}

/** The claims of a token of our own kind. */
export interface OwnTokenClaims extends TokenClaims {
  readonly aud: string | readonly string[]
  readonly sub: string
  readonly iat: number
}

/** The rules that claims of our own tokens must satisfy; durations in ms. */
export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  /** Accepted value of `token_type`, or a list of them. */
  readonly tokenType: string | readonly string[]
  readonly requiredClaims: RequiredClaims
  readonly leeway: number
  readonly maxLifetime: number
}

/** How far `iat` may lie ahead of our clock, in ms. */
export const MAX_FUTURE_ISSUE = 30_000

/**
 * Reads the claims of a token of our own kind and checks their types, their issuer and audience, and their
 * times.
 *
 * @param now Epoch ms.
 * @throws {@link InvalidTokenError}, or {@link TokenExpiredError} if `exp` is the only rule it breaks.
 */
export function parseClaims(
  payload: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
  now: number,
): OwnTokenClaims {
  const iss = readString(payload, 'iss')
  const sub = readString(payload, 'sub')
  const jti = readString(payload, 'jti')
  const iat = readSeconds(payload, 'iat')
  const exp = readSeconds(payload, 'exp')
  const aud = readAudience(payload)
  const scope = readOptionalString(payload, 'scope') ?? ''
  const tokenType = readOptionalString(payload, 'token_type')
  const orgId = readOptionalString(payload, 'org_id')
  const parent = readOptionalString(payload, 'parent')
  const tiles = readTiles(payload)
  const cnf = payload.cnf === undefined ? undefined : parseConfirmation(payload.cnf)

  if (iss !== rules.issuer) throw createMismatch('issuer', rules.issuer, iss)
  if (!isForAudience(aud, rules.audience)) throw createMismatch('audience', rules.audience, aud)
  if (tokenType === undefined || ![rules.tokenType].flat().includes(tokenType))
    throw createMismatch('token_type', rules.tokenType, tokenType)
  // Download tokens and other kinds mark themselves by a `typ` in the payload.
  if (payload.typ !== undefined) throw new InvalidTokenError('unexpected typ claim')

  assertRequiredClaims(payload, rules.requiredClaims)

  const lifetime = (exp - iat) * 1000
  if (lifetime <= 0 || lifetime > rules.maxLifetime)
    throw new InvalidTokenError('lifetime out of bounds')
  if (iat * 1000 > now + MAX_FUTURE_ISSUE) throw new InvalidTokenError('issued in the future')
  if (payload.nbf !== undefined && readSeconds(payload, 'nbf') * 1000 > now + rules.leeway)
    throw new InvalidTokenError('not yet valid')
  if (isExpired(exp, rules.leeway, now)) throw new TokenExpiredError()

  return {
    iss,
    aud,
    sub,
    jti,
    iat,
    exp,
    scope,
    ...(tokenType === undefined ? {} : { token_type: tokenType }),
    ...(orgId === undefined ? {} : { org_id: orgId }),
    ...(parent === undefined ? {} : { parent }),
    ...(typeof payload.sid === 'string' ? { sid: payload.sid } : {}),
    ...(tiles === undefined ? {} : { tiles }),
    ...(cnf === undefined ? {} : { cnf }),
  }
}

/** Is `exp` (seconds) past at `now` (epoch ms), with the leeway (ms) added? */
export function isExpired(exp: number, leeway: number, now: number): boolean {
  return now >= exp * 1000 + leeway
}

/** Does a space-separated list of scopes contain this one, as an exact string? */
export function hasScope(scopes: string, required: string): boolean {
  return scopes === required || scopes.split(' ').includes(required)
}

function readSeconds(payload: Readonly<Record<string, unknown>>, name: string): number {
  const value = payload[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidTokenError(`${name} must be a whole number of seconds`)
  return value
}

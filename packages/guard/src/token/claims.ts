import { InvalidTokenError, TokenExpiredError } from '../errors.ts'
import { parseTileClaims, type TileClaims } from '../tiles/tile-claims.ts'
import { type Confirmation, parseConfirmation } from './binding.ts'
import { createMismatch } from './mismatch.ts'

/** The claims of a verified token. Times are whole seconds since 1970, as on the wire (RFC 7519 §4.1). */
export interface TokenClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly sub: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  /** Space-separated scopes; empty when the token has none. */
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

/** The value that each claim must have, or a list of accepted values. */
export type RequiredClaims = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** The rules that claims must satisfy; durations in ms. */
export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  /** Required value of `token_type`; `null` for issuers without that claim. */
  readonly tokenType: string | null
  readonly requiredClaims: RequiredClaims
  readonly leeway: number
  readonly maxLifetime: number
}

/** How far `iat` may lie ahead of our clock, in ms. */
const MAX_FUTURE_ISSUE = 30_000

/**
 * Reads claims and checks their types, their issuer and audience, and their times.
 *
 * @param now Epoch ms.
 * @throws {@link InvalidTokenError}, or {@link TokenExpiredError} if `exp` is the only rule it breaks.
 */
export function parseClaims(
  payload: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
  now: number,
): TokenClaims {
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
  if (typeof aud === 'string' ? aud !== rules.audience : !aud.includes(rules.audience))
    throw createMismatch('audience', rules.audience, aud)
  if (rules.tokenType !== null && tokenType !== rules.tokenType)
    throw createMismatch('token_type', rules.tokenType, tokenType)
  // Download tokens and other kinds mark themselves by a `typ` in the payload.
  if (payload.typ !== undefined) throw new InvalidTokenError('unexpected typ claim')

  for (const [name, required] of Object.entries(rules.requiredClaims))
    if (!hasClaim(payload, name, required)) throw new InvalidTokenError(`claim ${name} mismatch`)

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

function hasClaim(
  payload: Readonly<Record<string, unknown>>,
  name: string,
  required: RequiredClaims[string],
): boolean {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined
  if (typeof required !== 'object') return value === required
  return typeof value === 'string' && required.includes(value)
}

// Also without `crit`: other issuers may be unable to set it, and the restriction still holds.
function readTiles(payload: Readonly<Record<string, unknown>>): TileClaims | undefined {
  if (payload.tiles === undefined) return
  try {
    return parseTileClaims(payload.tiles)
  } catch (cause) {
    throw new InvalidTokenError('tiles are not valid tile claims', { cause })
  }
}

function readString(payload: Readonly<Record<string, unknown>>, name: string): string {
  const value = payload[name]
  if (typeof value !== 'string' || value === '')
    throw new InvalidTokenError(`${name} must be a non-empty string`)
  return value
}

function readOptionalString(
  payload: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  return payload[name] === undefined ? undefined : readString(payload, name)
}

function readSeconds(payload: Readonly<Record<string, unknown>>, name: string): number {
  const value = payload[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidTokenError(`${name} must be a whole number of seconds`)
  return value
}

function readAudience(payload: Readonly<Record<string, unknown>>): string | readonly string[] {
  const value = payload.aud
  if (!Array.isArray(value)) return readString(payload, 'aud')
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw new InvalidTokenError('aud must contain only strings')
    return entry
  })
}

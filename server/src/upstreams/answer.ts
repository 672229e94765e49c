import { findScopes, isSubset } from '../issuer/scopes.ts'
import { UpstreamInvalidError } from './errors.ts'
import { computeExpiresAt } from './expires-at.ts'
import { findUnverifiedClaims, type UnverifiedClaims } from './unverified-claims.ts'
import type { UpstreamAnswer, UpstreamRequest } from './upstream.ts'

/** A checked token of an upstream, which may be relayed to a page. */
export interface RelayedToken {
  readonly token: string
  /** Space-separated; `undefined` if neither the grant nor the upstream names any. */
  readonly scope: string | undefined
  /** Epoch ms, never later than the token's end. */
  readonly expiresAt: number
  /** The whole lifetime, in ms. */
  readonly lifetime: number
}

/** When a request to an upstream took place. */
export interface RequestTimes {
  /** Epoch ms of our clock. */
  readonly departedAt: number
  readonly receivedAt: number
  /** The upstream's clock, if its response has a date; epoch ms. */
  readonly date: number | undefined
}

const MAX_LENGTH = 8192
/** Longest lifetime of a token that still counts as short-lived, in seconds. */
export const MAX_SECONDS = 86_400
/** How far times in a token may exceed a limit, because clocks differ; seconds. */
const SLACK_SECONDS = 60

/**
 * Checks the form, lifetime and scope that an upstream returned, and those that the token itself states.
 *
 * @param maxSeconds Longest lifetime that this kind of upstream gives.
 * @throws {@link UpstreamInvalidError} naming the rule, never the value.
 */
export function parseAnswer(
  answer: UpstreamAnswer,
  requested: Pick<UpstreamRequest, 'scope' | 'expiresInSeconds'>,
  times: RequestTimes,
  maxSeconds = MAX_SECONDS,
): RelayedToken {
  const token = parseToken(answer.token)
  const claims = findUnverifiedClaims(token)
  const expiresInSeconds = parseLifetime(answer.expiresInSeconds)
  const limit = Math.min(requested.expiresInSeconds ?? maxSeconds, maxSeconds) + SLACK_SECONDS
  if (expiresInSeconds > limit) throw new UpstreamInvalidError('token lasts longer than requested')
  if (claims) assertTimes(claims, times, limit)
  const scope = parseScope(answer.scope, requested.scope)
  const permitted = requested.scope === undefined ? undefined : findScopes(requested.scope)
  if (permitted && claims?.scopes && !isSubset(claims.scopes, permitted))
    throw new UpstreamInvalidError('token has more scope than requested')
  const expiresAt = computeExpiresAt({ ...times, expiresInSeconds, exp: claims?.exp })
  if (expiresAt - times.receivedAt < 1000) throw new UpstreamInvalidError('token has expired')
  return { token, scope, expiresAt, lifetime: expiresAt - times.departedAt }
}

/** Checks the token's own times, by the clock of its issuer where that is known. */
function assertTimes(
  { exp, iat, nbf }: UnverifiedClaims,
  { departedAt, receivedAt, date }: RequestTimes,
  limit: number,
): void {
  const isTooLong = exp !== undefined && exp - (iat ?? exp) > limit
  if (isTooLong || (exp !== undefined && exp - (date ?? departedAt) / 1000 > limit))
    throw new UpstreamInvalidError('token lasts longer than requested')
  if (Math.max(iat ?? 0, nbf ?? 0) > (date ?? receivedAt) / 1000 + SLACK_SECONDS)
    throw new UpstreamInvalidError('token is not valid yet')
}

function parseToken(token: unknown): string {
  if (typeof token === 'string' && token.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(token))
    return token
  throw new UpstreamInvalidError('response has no token of visible ASCII characters')
}

// Some servers write the number as a string.
function parseLifetime(value: unknown): number {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (typeof seconds === 'number' && seconds > 0 && seconds < 1e9) return seconds
  throw new UpstreamInvalidError('response has no lifetime in seconds')
}

function parseScope(value: unknown, requested: string | undefined): string | undefined {
  // RFC 6749 §5.1: left out if it is the requested scope.
  if (value === undefined || value === null || value === '') return requested
  const scopes = typeof value === 'string' ? findScopes(value) : undefined
  if (!scopes) throw new UpstreamInvalidError('response has a malformed scope')
  if (requested !== undefined && !isSubset(scopes, findScopes(requested) ?? []))
    throw new UpstreamInvalidError('response has more scope than requested')
  return scopes.join(' ')
}

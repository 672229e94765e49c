import { findScopes, isSubset } from '../issuer/scopes.ts'
import { UpstreamInvalidError } from './errors.ts'
import { findExpiry } from './expiry.ts'
import { findTokenClaims, type TokenClaims } from './token-claims.ts'
import type { UpstreamAnswer, UpstreamRequest } from './upstream.ts'

/** A token of an upstream, as a page may get it. */
export interface RelayedToken {
  readonly token: string
  /** Space-separated; `undefined` if nobody said. */
  readonly scope: string | undefined
  /** Epoch ms, never later than the token's end. */
  readonly expiresAt: number
  /** All of its life, in ms. */
  readonly lifetime: number
}

/** When an exchange took place. */
export interface ExchangeTimes {
  /** Epoch ms of our clock. */
  readonly departedAt: number
  readonly receivedAt: number
  /** The upstream's clock, where it told it. */
  readonly date: number | undefined
}

const MAX_LENGTH = 8192
/** Longest life of a token that may still be called short-lived, in seconds. */
export const MAX_SECONDS = 86_400
/** How much a token may say beyond what it may: clocks differ; seconds. */
const SLACK_SECONDS = 60

/**
 * Checks what an upstream said: form, lifetime and scope, and the same of what the token says itself.
 *
 * @param maxSeconds Longest life that this kind of upstream gives.
 * @throws {@link UpstreamInvalidError} naming the rule, never the value.
 */
export function checkAnswer(
  answer: UpstreamAnswer,
  wanted: Pick<UpstreamRequest, 'scope' | 'expiresInSeconds'>,
  times: ExchangeTimes,
  maxSeconds = MAX_SECONDS,
): RelayedToken {
  const token = checkToken(answer.token)
  const claims = findTokenClaims(token)
  const expiresInSeconds = checkLifetime(answer.expiresInSeconds)
  const most = Math.min(wanted.expiresInSeconds ?? maxSeconds, maxSeconds) + SLACK_SECONDS
  if (expiresInSeconds > most)
    throw new UpstreamInvalidError('answered a token that lasts longer than asked')
  if (claims) checkTimes(claims, times, most)
  const scope = checkScope(answer.scope, wanted.scope)
  const asked = wanted.scope === undefined ? undefined : findScopes(wanted.scope)
  if (asked && claims?.scopes && !isSubset(claims.scopes, asked))
    throw new UpstreamInvalidError('answered a token with more scope than asked')
  const expiresAt = findExpiry({ ...times, expiresInSeconds, exp: claims?.exp })
  if (expiresAt - times.receivedAt < 1000)
    throw new UpstreamInvalidError('answered a token that has expired')
  return { token, scope, expiresAt, lifetime: expiresAt - times.departedAt }
}

/** The token's own times, by the clock that it was made with where that is known. */
function checkTimes(
  { exp, iat, nbf }: TokenClaims,
  { departedAt, receivedAt, date }: ExchangeTimes,
  most: number,
): void {
  const isTooLong = exp !== undefined && exp - (iat ?? exp) > most
  if (isTooLong || (exp !== undefined && exp - (date ?? departedAt) / 1000 > most))
    throw new UpstreamInvalidError('answered a token that lasts longer than asked')
  if (Math.max(iat ?? 0, nbf ?? 0) > (date ?? receivedAt) / 1000 + SLACK_SECONDS)
    throw new UpstreamInvalidError('answered a token that is not valid yet')
}

function checkToken(token: unknown): string {
  if (typeof token === 'string' && token.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(token))
    return token
  throw new UpstreamInvalidError('answered no token of visible ASCII characters')
}

// Some servers write the number as a string.
function checkLifetime(value: unknown): number {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (typeof seconds === 'number' && seconds > 0 && seconds < 1e9) return seconds
  throw new UpstreamInvalidError('answered no lifetime in seconds')
}

function checkScope(value: unknown, asked: string | undefined): string | undefined {
  // RFC 6749 §5.1: left out if it is the scope that was asked for.
  if (value === undefined || value === null || value === '') return asked
  const scopes = typeof value === 'string' ? findScopes(value) : undefined
  if (!scopes) throw new UpstreamInvalidError('answered a scope of the wrong form')
  if (asked !== undefined && !isSubset(scopes, findScopes(asked) ?? []))
    throw new UpstreamInvalidError('answered more scope than asked')
  return scopes.join(' ')
}

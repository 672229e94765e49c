import { findScopes, isSubset } from '../issuer/scopes.ts'
import { UpstreamInvalidError } from './errors.ts'
import { findExpiry } from './expiry.ts'
import { findTokenClaims } from './token-claims.ts'
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
const MAX_SECONDS = 86_400
/** How much longer than asked a token may say that it lasts: clocks differ; seconds. */
const SLACK_SECONDS = 60

/**
 * Checks what an upstream said: form, lifetime and scope, and the same of what the token says itself.
 *
 * @throws {@link UpstreamInvalidError} naming the rule, never the value.
 */
export function checkAnswer(
  answer: UpstreamAnswer,
  wanted: Pick<UpstreamRequest, 'scope' | 'expiresInSeconds'>,
  times: ExchangeTimes,
): RelayedToken {
  const token = checkToken(answer.token)
  const claims = findTokenClaims(token)
  const expiresInSeconds = checkLifetime(answer.expiresInSeconds)
  const most = (wanted.expiresInSeconds ?? MAX_SECONDS) + SLACK_SECONDS
  const own = claims?.exp === undefined ? 0 : claims.exp - (claims.iat ?? claims.exp)
  if (expiresInSeconds > most || own > most)
    throw new UpstreamInvalidError('answered a token that lasts longer than asked')
  const scope = checkScope(answer.scope, wanted.scope)
  const asked = wanted.scope === undefined ? undefined : findScopes(wanted.scope)
  if (asked && claims?.scopes && !isSubset(claims.scopes, asked))
    throw new UpstreamInvalidError('answered a token with more scope than asked')
  const expiresAt = findExpiry({ ...times, expiresInSeconds, exp: claims?.exp })
  if (expiresAt - times.receivedAt < 1000)
    throw new UpstreamInvalidError('answered a token that has expired')
  return { token, scope, expiresAt, lifetime: expiresAt - times.departedAt }
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

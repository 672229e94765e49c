/**
 * What to do about a {@link TokenError}:
 *
 * - `ERR_TOKEN_DENIED`: the broker refuses; asking again is useless until the user acts, then call `renew()`.
 * - `ERR_TOKEN_UNAVAILABLE`: no answer yet; asking goes on by itself, and one may ask later.
 * - `ERR_TOKEN_RESPONSE_INVALID`: the broker's answer is not a token response (RFC 6749 §5.1); fix the broker.
 * - `ERR_URL_NOT_ALLOWED`: a server asked for a token at a URL that `allow` does not cover; fix `allow`.
 */
export type TokenErrorCode =
  | 'ERR_TOKEN_DENIED'
  | 'ERR_TOKEN_UNAVAILABLE'
  | 'ERR_TOKEN_RESPONSE_INVALID'
  | 'ERR_URL_NOT_ALLOWED'

/** Why there is no token, or why a URL got none. Messages never contain a token; match by `code`. */
export class TokenError extends Error {
  /** HTTP status of the answer, when there was one. */
  declare readonly status: number | undefined
  /** Milliseconds that the broker asked to wait (RFC 9110 §10.2.3), when it did. */
  declare readonly retryAfter: number | undefined
  declare readonly code: TokenErrorCode

  constructor(
    code: TokenErrorCode,
    message: string,
    details: { status?: number; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(message)
    Object.assign(this, { name: 'TokenError', code }, details)
  }
}

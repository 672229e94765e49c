/**
 * What to do about a {@link TokenError}:
 *
 * - `ERR_TOKEN_DENIED`: the endpoint refuses. Retrying is useless until the user acts; then call `renew()`.
 * - `ERR_TOKEN_UNAVAILABLE`: no token yet. The manager keeps trying; ask again later.
 * - `ERR_TOKEN_RESPONSE_INVALID`: the endpoint did not return a token response (RFC 6749 §5.1). Fix the endpoint.
 * - `ERR_URL_NOT_ALLOWED`: a server asked for a token at a URL that `allow` does not cover. Fix `allow`.
 * - `ERR_ANSWER_UNREADABLE`: a server that `allow` covers answers, or redirects to one that answers, without
 *   CORS headers for this page. Fix that server.
 */
export type TokenErrorCode =
  | 'ERR_TOKEN_DENIED'
  | 'ERR_TOKEN_UNAVAILABLE'
  | 'ERR_TOKEN_RESPONSE_INVALID'
  | 'ERR_URL_NOT_ALLOWED'
  | 'ERR_ANSWER_UNREADABLE'

/** Why there is no token, why a URL got none, or why answers cannot be read. Messages never contain a token; match by `code`. */
export class TokenError extends Error {
  /** HTTP status of the answer, if there was one. */
  declare readonly status: number | undefined
  /** Milliseconds to wait, if the endpoint sent Retry-After (RFC 9110 §10.2.3). */
  declare readonly retryAfter: number | undefined
  /** What the endpoint said of its refusal: the code `error` of RFC 6749 §5.2, as short plain text. */
  declare readonly error: string | undefined
  /** Its `error_description`, as short plain text in the endpoint's language; never HTML. */
  declare readonly errorDescription: string | undefined
  declare readonly code: TokenErrorCode

  constructor(code: TokenErrorCode, message: string, details?: TokenErrorDetails) {
    super(message)
    Object.assign(this, { name: 'TokenError', code }, details)
  }
}

interface TokenErrorDetails {
  readonly status?: number
  readonly retryAfter?: number | undefined
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
  readonly cause?: unknown
}

/** An error of the token endpoint. @param what Continues "The token endpoint …". */
export function endpointError(
  what: string,
  code: TokenErrorCode = 'ERR_TOKEN_UNAVAILABLE',
  details?: TokenErrorDetails,
): TokenError {
  return new TokenError(code, `The token endpoint ${what.replace(/\.$/, '')}.`, details)
}

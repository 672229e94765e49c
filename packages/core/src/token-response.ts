import type { AccessToken } from './access-token.ts'
import { endpointError, TokenError, type TokenErrorCode } from './errors.ts'
import { type RefusalText, readRefusal } from './refusal-text.ts'

/** A token is sent in a header or a URL, so it is visible ASCII. */
export function isTokenValue(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

/**
 * Milliseconds of a Retry-After header, which is seconds or an HTTP date; undefined if it is neither.
 *
 * @see RFC 9110 §10.2.3
 */
export function findRetryAfter(header: string | null, now: number): number | undefined {
  const text = header ?? ''
  const delay = /^\s*\d+\s*$/.test(text) ? +text * 1000 : Date.parse(text) - now
  return Number.isNaN(delay) ? undefined : Math.max(0, delay)
}

/**
 * Reads a token endpoint's answer. Its body must be as in RFC 6749 §5.1; other members are ignored.
 *
 * @param departedAt Epoch ms at which the request departed; expiry counts from there, so that it is never overestimated.
 * @throws {@link TokenError} by remedy: 401 and 403 are denials; 408, 429 and 5xx are temporary; anything else is a fault of the endpoint.
 * @throws SyntaxError for a body that is not JSON; its message quotes the body, which may hold the token.
 * @see RFC 6749 §5.1, §5.2
 */
export async function parseTokenResponse(
  response: Response,
  departedAt: number,
): Promise<AccessToken> {
  if (!response?.headers) {
    throw endpointError('did not return a Response', 'ERR_TOKEN_RESPONSE_INVALID')
  }
  const { status, headers } = response
  // By the endpoint's clock, if it can be read: the page's clock may be wrong.
  const now = Date.parse(headers.get('date') ?? '') || Date.now()
  const retryAfter = findRetryAfter(headers.get('retry-after'), now)
  const failure = (
    what: string,
    code: TokenErrorCode = 'ERR_TOKEN_RESPONSE_INVALID',
    said?: RefusalText,
  ) => endpointError(what, code, { status, retryAfter, ...said })
  if (!response.ok) {
    // The browser hides the status of a redirect that is not followed: it reads as 0.
    if (status < 400) throw failure('redirected, perhaps to a sign-in page')
    const isDenial = status === 401 || status === 403
    const isTemporary = status > 499 || status === 408 || status === 429
    const said = await readRefusal(response)
    throw failure(
      [`answered ${status}`, said.error, said.errorDescription].filter(Boolean).join(': '),
      isDenial ? 'ERR_TOKEN_DENIED' : isTemporary ? 'ERR_TOKEN_UNAVAILABLE' : undefined,
      said,
    )
  }
  const body: Record<string, unknown> | null = await response.json()
  const {
    access_token: value,
    token_type: type = 'Bearer',
    expires_in: seconds,
    scope,
  } = body ?? {}
  const must = (holds: boolean, what: string) => {
    if (!holds) throw failure(`must return ${what}`)
  }
  must(isTokenValue(value), '"access_token" in visible ASCII')
  must(isTokenValue(type) && /^bearer$/i.test(type), '"token_type": "Bearer"')
  // Some endpoints return the number as a string, which is what the parser takes.
  const lifetime = Number.parseFloat(seconds as string)
  must(lifetime > 0 && lifetime < 1e9, '"expires_in" in seconds, above 0')
  return {
    value: value as string,
    expiresAt: departedAt + lifetime * 1000,
    ...(typeof scope === 'string' && { scope }),
  }
}

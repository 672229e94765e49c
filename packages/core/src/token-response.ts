import type { AccessToken } from './access-token.ts'
import { TokenError, type TokenErrorCode } from './errors.ts'

/** Milliseconds of a Retry-After header, which is seconds or an HTTP date (RFC 9110 §10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (!header?.trim()) return undefined
  const delay = /^\s*\d+\s*$/.test(header) ? +header * 1000 : Date.parse(header) - now
  return Number.isNaN(delay) ? undefined : Math.max(0, delay)
}

/**
 * Reads an endpoint's answer, whose body must be that of RFC 6749 §5.1; further members are ignored.
 *
 * @param sentAt Epoch ms at which the request left; expiry counts from there, so that it is never overestimated.
 * @throws {@link TokenError} by remedy: 401 and 403 are denials, 408, 429 and 5xx pass, anything else is a fault of the broker.
 * @throws SyntaxError for a body that is not JSON; its message quotes the body, token and all.
 * @see RFC 6749 §5.1, §5.2
 */
export async function parseTokenResponse(response: Response, sentAt: number): Promise<AccessToken> {
  if (!response?.headers) {
    throw new TokenError('ERR_TOKEN_RESPONSE_INVALID', 'The token source must return a Response.')
  }
  const { ok, status, headers } = response
  // By the broker's own clock, where it can be read: the page's may be wrong.
  const now = Date.parse(headers.get('date') ?? '') || Date.now()
  const retryAfter = parseRetryAfter(headers.get('retry-after'), now)
  const failure = (what: string, code: TokenErrorCode = 'ERR_TOKEN_RESPONSE_INVALID') =>
    new TokenError(code, `The token endpoint ${what}.`, { status, retryAfter })
  if (!ok) {
    // The browser hides the status of a redirect that is not followed: it reads as 0.
    if (status < 400) throw failure('answered with a redirect, perhaps to a sign-in page')
    const denied = status === 401 || status === 403
    const passes = status > 499 || status === 408 || status === 429
    throw failure(
      `answered ${status}`,
      denied ? 'ERR_TOKEN_DENIED' : passes ? 'ERR_TOKEN_UNAVAILABLE' : undefined,
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
    if (!holds) throw failure(`must answer ${what}`)
  }
  must(
    typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
    '"access_token", a string of visible ASCII characters',
  )
  must(/^bearer$/i.test(type as string), '"token_type": "Bearer"')
  // Some endpoints answer the number as a string.
  const lifetime = typeof seconds === 'string' ? Number.parseFloat(seconds) : (seconds as number)
  must(lifetime > 0 && lifetime < 1e9, '"expires_in", a positive number of seconds')
  return {
    value: value as string,
    expiresAt: sentAt + lifetime * 1000,
    ...(typeof scope === 'string' && { scope }),
  }
}

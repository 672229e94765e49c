import type { AccessToken } from './access-token.ts'
import { TokenError } from './errors.ts'

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
 * @see RFC 6749 §5.1, §5.2
 */
export async function parseTokenResponse(response: Response, sentAt: number): Promise<AccessToken> {
  if (typeof response?.text !== 'function') {
    throw new TokenError('ERR_TOKEN_RESPONSE_INVALID', 'The token source must return a Response.')
  }
  const { status, headers } = response
  const invalid = (message: string) =>
    new TokenError('ERR_TOKEN_RESPONSE_INVALID', `The token endpoint ${message}.`, { status })
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw invalid('answered with a redirect, perhaps to a sign-in page')
  }
  if (!response.ok) {
    const answered = `answered ${status}`
    // By the broker's own clock, where it can be read: the page's may be wrong.
    const now = Date.parse(headers.get('date') ?? '') || Date.now()
    const denied = status === 401 || status === 403
    if (!denied && status < 500 && status !== 408 && status !== 429) throw invalid(answered)
    throw new TokenError(
      denied ? 'ERR_TOKEN_DENIED' : 'ERR_TOKEN_UNAVAILABLE',
      invalid(answered).message,
      { status, retryAfter: parseRetryAfter(headers.get('retry-after'), now) },
    )
  }
  const text = await response.text()
  let body: Record<string, unknown> | null
  try {
    body = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold a token.
    throw invalid('answered with a body that is not JSON')
  }
  const {
    access_token: value,
    token_type: type = 'Bearer',
    expires_in: seconds,
    scope,
  } = body ?? {}
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw invalid('must answer "access_token", a string of visible ASCII characters')
  }
  if (!/^bearer$/i.test(String(type))) throw invalid('must answer "token_type": "Bearer"')
  // Some endpoints answer the number as a string.
  const lifetime = typeof seconds === 'string' ? Number.parseFloat(seconds) : seconds
  if (!(typeof lifetime === 'number' && lifetime > 0 && lifetime < 1e9)) {
    throw invalid('must answer "expires_in", a positive number of seconds')
  }
  return {
    value,
    expiresAt: sentAt + lifetime * 1000,
    ...(typeof scope === 'string' ? { scope } : {}),
  }
}

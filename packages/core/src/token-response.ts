import type { AccessToken } from './access-token.ts'
import { TokenError } from './errors.ts'

/** What an endpoint must answer: RFC 6749 §5.1. Further members are ignored. */
interface TokenResponseBody {
  access_token: string
  token_type?: string
  expires_in: number | string
  scope?: string
}

const invalid = (message: string, status?: number, cause?: unknown): TokenError =>
  new TokenError('ERR_TOKEN_RESPONSE_INVALID', `The token endpoint ${message}.`, {
    ...(status === undefined ? {} : { status }),
    cause,
  })

/** Milliseconds of a Retry-After header, which is seconds or an HTTP date (RFC 9110 §10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const delay = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(delay) ? undefined : Math.max(0, delay)
}

/**
 * Reads an endpoint's answer.
 *
 * @param sentAt Epoch ms at which the request left; expiry counts from there, so that it is never overestimated.
 * @throws {@link TokenError} by remedy: 401 and 403 are denials, 408, 429 and 5xx pass, anything else is a fault of the broker.
 * @see RFC 6749 §5.1, §5.2
 */
export async function parseTokenResponse(response: Response, sentAt: number): Promise<AccessToken> {
  const { status } = response
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw invalid('answered with a redirect, perhaps to a sign-in page', status)
  }
  if (!response.ok) {
    const message = `The token endpoint answered ${status}.`
    if (status === 401 || status === 403)
      throw new TokenError('ERR_TOKEN_DENIED', message, { status })
    if (status < 500 && status !== 408 && status !== 429)
      throw invalid(`answered ${status}`, status)
    const retryAfter = parseRetryAfter(response.headers.get('retry-after'), Date.now())
    throw new TokenError('ERR_TOKEN_UNAVAILABLE', message, {
      status,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    })
  }
  const text = await response.text()
  let body: Partial<TokenResponseBody> | null
  try {
    body = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold a token.
    throw invalid(`answered ${status} with a body that is not JSON`, status)
  }
  const {
    access_token: value,
    token_type: type = 'Bearer',
    expires_in: seconds,
    scope,
  } = body ?? {}
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw invalid('must answer "access_token", a string of visible ASCII characters', status)
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw invalid('must answer "token_type": "Bearer"', status)
  }
  const lifetime = typeof seconds === 'string' && seconds.trim() !== '' ? Number(seconds) : seconds
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < 1e9)) {
    throw invalid('must answer "expires_in", a positive number of seconds', status)
  }
  const token = { value, expiresAt: sentAt + lifetime * 1000 }
  return typeof scope === 'string' ? { ...token, scope } : token
}

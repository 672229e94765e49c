import { formatAllowedHeaders } from './allowed-headers.ts'

/** Response headers that a map must be able to read: else it could not tell a 401 from an outage. And the id, where there is one. */
const EXPOSED = 'WWW-Authenticate, Retry-After, Date, ETag, Content-Range, X-Request-Id'
const ALLOWED_HEADERS =
  'Authorization, Accept, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, Range'
/** Seconds for which a browser may cache a preflight; Chromium's own limit is 2 h. */
const PREFLIGHT_MAX_AGE = '7200'

/**
 * The headers that open a response to pages of every origin, without the browser's credentials.
 *
 * This is safe because `*` excludes cookies: a page can read a response only with a token that it has.
 */
export const CORS_HEADERS: Readonly<
  Record<'Access-Control-Allow-Origin' | 'Access-Control-Expose-Headers', string>
> = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': EXPOSED }

/**
 * The headers of the 204 that answers a preflight, with those of CORS. It needs no credential, because
 * browsers never send one with it.
 *
 * @param requested `Access-Control-Request-Headers`.
 */
export function toPreflightHeaders(
  requested: string | undefined,
): Readonly<Record<string, string>> {
  return {
    ...CORS_HEADERS,
    'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
    'Access-Control-Allow-Headers': formatAllowedHeaders(requested, ALLOWED_HEADERS),
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE,
    Vary: 'Access-Control-Request-Headers',
  }
}

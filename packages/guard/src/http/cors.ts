import type { IncomingMessage, ServerResponse } from 'node:http'
import { formatAllowedHeaders } from './allowed-headers.ts'

/** Response headers that a map must be able to read: else it could not tell a 401 from an outage. And the id, where there is one. */
const EXPOSED = 'WWW-Authenticate, Retry-After, Date, ETag, Content-Range, X-Request-Id'
const ALLOWED_HEADERS =
  'Authorization, Accept, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, Range'
/** Seconds for which a browser may cache a preflight; Chromium's own limit is 2 h. */
const PREFLIGHT_MAX_AGE = '7200'

/**
 * Opens a response to pages of every origin, without the browser's credentials.
 *
 * This is safe because `*` excludes cookies: a page can read a response only with a token that it has.
 */
export function allowEveryOrigin(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.setHeader('Access-Control-Expose-Headers', EXPOSED)
}

/** Answers a preflight with 204. It needs no credential, because browsers never send one with it. */
export function answerPreflight(
  { headers }: Pick<IncomingMessage, 'headers'>,
  response: ServerResponse,
): void {
  const requested = headers['access-control-request-headers']
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS')
  response.setHeader(
    'Access-Control-Allow-Headers',
    formatAllowedHeaders(requested, ALLOWED_HEADERS),
  )
  response.appendHeader('Vary', 'Access-Control-Request-Headers')
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE)
  response.statusCode = 204
  response.end()
}

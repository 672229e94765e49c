import type { ServerResponse } from 'node:http'

/** Response headers that a map needs to see: without them a 401 cannot be told from an outage. */
const EXPOSED = 'WWW-Authenticate, Retry-After, Date, ETag, Content-Range'
const ALLOWED_HEADERS =
  'Authorization, Accept, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, Range'
/** Seconds for which a browser may remember a preflight; Chromium's own limit is 2 h. */
const PREFLIGHT_MAX_AGE = '7200'

/**
 * Opens a response to every origin, without credentials of the browser.
 *
 * Safe because the token is never ambient: a page can send one only if it was given one.
 */
export function allowEveryOrigin(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.setHeader('Access-Control-Expose-Headers', EXPOSED)
}

/** Answers a preflight with 204. A preflight never carries a credential, so it needs none. */
export function answerPreflight(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS')
  response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS)
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE)
  response.statusCode = 204
  response.end()
}

import { formatAllowedHeaders } from '@tilepass/guard/broker'
import type { Request, RequestHandler, Response } from 'express'

/** Seconds for which a browser may remember a preflight; Chromium's own limit is 2 h. */
const PREFLIGHT_MAX_AGE = '7200'

/**
 * Opens a response to every origin, without credentials of the browser.
 *
 * Safe because no credential here is ambient: a page can send one only if it was given one.
 *
 * @param exposed Response headers that pages may read, in addition to the CORS-safelisted ones.
 */
export function openToEveryOrigin(response: Response, exposed?: string): void {
  response.set('Access-Control-Allow-Origin', '*')
  if (exposed !== undefined) response.set('Access-Control-Expose-Headers', exposed)
}

/** Answers OPTIONS, a preflight or not. @param allowed What pages may use: methods as in `Allow`, request headers. */
export function answerPreflight(
  response: Response,
  allowed: { readonly methods: string; readonly headers: string },
): void {
  response
    .set({
      Allow: allowed.methods,
      'Access-Control-Allow-Methods': allowed.methods,
      'Access-Control-Allow-Headers': allowed.headers,
      'Access-Control-Max-Age': PREFLIGHT_MAX_AGE,
    })
    .status(204)
    .end()
}

/**
 * The headers that pages may send: these, and what the preflight asks for. Not for sign-in and
 * administration.
 *
 * @see formatAllowedHeaders
 */
export function allowRequested(request: Request, response: Response, always: string): string {
  response.vary('Access-Control-Request-Headers')
  return formatAllowedHeaders(request.get('Access-Control-Request-Headers'), always)
}

const EXPOSED =
  'WWW-Authenticate, Retry-After, Date, ETag, Accept-Ranges, Content-Range, Content-Length, Content-Disposition, X-Request-Id'
const ALLOWED =
  'Authorization, X-Api-Key, Content-Type, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Range'

/** Creates the handler that opens a route to every origin and answers its preflights. */
export function allowEveryOrigin(methods: string): RequestHandler {
  return (request, response, next) => {
    openToEveryOrigin(response, EXPOSED)
    if (request.method !== 'OPTIONS') return next()
    answerPreflight(response, { methods, headers: allowRequested(request, response, ALLOWED) })
  }
}

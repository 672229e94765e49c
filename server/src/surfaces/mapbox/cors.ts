import type { RequestHandler } from 'express'
import { answerPreflight, openToEveryOrigin } from '../../http/cors.ts'

const EXPOSED =
  'Link, WWW-Authenticate, Retry-After, Date, X-Request-Id, X-Rate-Limit-Interval, X-Rate-Limit-Limit, X-Rate-Limit-Reset'

/**
 * Opens this API to every origin. It runs before every route, so that pages see each status, also of
 * unknown paths.
 */
export const openToPages: RequestHandler = (_request, response, next) => {
  openToEveryOrigin(response, EXPOSED)
  response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
  next()
}

/** Creates the handler that answers the preflights of a route. */
export function answerPages(methods: string): RequestHandler {
  return (request, response, next) =>
    request.method === 'OPTIONS'
      ? answerPreflight(response, { methods, headers: 'Content-Type' })
      : next()
}

import type { RequestHandler } from 'express'
import { answerPreflight, openToEveryOrigin } from '../../http/cors.ts'

const EXPOSED =
  'Link, WWW-Authenticate, Retry-After, Date, X-Rate-Limit-Interval, X-Rate-Limit-Limit, X-Rate-Limit-Reset'
const PREFLIGHT = { methods: 'GET, HEAD, POST, PATCH, DELETE', headers: 'Content-Type' }

/**
 * Opens this API to every origin and answers OPTIONS. It runs before every route, so that pages see
 * each status, also of unknown paths; routes name it again so that their `Allow` lists OPTIONS.
 */
export const openToPages: RequestHandler = (request, response, next) => {
  openToEveryOrigin(response, EXPOSED)
  response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
  if (request.method !== 'OPTIONS') return next()
  answerPreflight(response, PREFLIGHT)
}

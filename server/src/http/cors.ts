import type { RequestHandler } from 'express'

const EXPOSED = [
  'WWW-Authenticate',
  'Retry-After',
  'Date',
  'ETag',
  'Accept-Ranges',
  'Content-Range',
  'Content-Length',
  'Content-Disposition',
].join(', ')
const ALLOWED =
  'Authorization, X-Api-Key, Content-Type, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Range'

/**
 * Opens a path to every origin and answers preflights. Safe because no credential here is ambient: a
 * page can send one only if it was given one.
 */
export function allowEveryOrigin(methods: string): RequestHandler {
  return (request, response, next) => {
    response.set({
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Expose-Headers': EXPOSED,
    })
    if (request.method !== 'OPTIONS') return next()
    response.set({
      Allow: methods,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': ALLOWED,
      'Access-Control-Max-Age': '7200',
    })
    response.status(204).end()
  }
}

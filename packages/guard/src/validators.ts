import { hash } from 'node:crypto'
import type { Request, Response } from 'express'

/** What a private answer says about caching when its handler does not. */
export const DEFAULT_CACHE_CONTROL = 'private, max-age=3600'

/** What Express says of every file unless it is told otherwise: nobody's decision. */
const EXPRESS_FILE_DEFAULT = 'public, max-age=0'

/**
 * Makes what the handlers after us send cacheable by the one user's browser: `private`, and a strong
 * ETag which a conditional request gets a 304 for.
 *
 * So a renewed token costs a 304 per tile and not the tile. Express alone gives weak ETags. Bodies
 * that are streamed keep whatever validator their handler sets.
 *
 * @see RFC 9110 §8.8.3
 */
export function addValidators(request: Request, response: Response): void {
  const { send, end, writeHead } = response
  let isValidated = false

  /** Gives a whole body its ETag; turns the answer into a 304 where the client has that body. */
  const validate = (body: unknown) => {
    if (isValidated || response.headersSent || response.statusCode !== 200) return
    if (request.method !== 'GET' && request.method !== 'HEAD') return
    isValidated = true
    if (!response.hasHeader('ETag') && (typeof body === 'string' || body instanceof Uint8Array)) {
      response.setHeader('ETag', `"${hash('sha256', body, 'base64url').slice(0, 27)}"`)
    }
    const condition = request.headers['if-none-match']
    if (condition === undefined || !matches(condition, response.get('ETag'))) return
    response.statusCode = 304
    for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding'])
      response.removeHeader(name)
  }

  response.send = (body?: unknown) => {
    validate(body)
    return send.call(response, body)
  }

  response.end = (...rest: unknown[]) => {
    validate(rest[0])
    return Reflect.apply(end, response, response.statusCode === 304 ? [] : rest)
  }

  response.writeHead = (...rest: unknown[]) => {
    const status = typeof rest[0] === 'number' ? rest[0] : response.statusCode
    const given = response.getHeader('Cache-Control')
    if (given === undefined || given === EXPRESS_FILE_DEFAULT)
      response.setHeader('Cache-Control', status < 400 ? DEFAULT_CACHE_CONTROL : 'no-store')
    return Reflect.apply(writeHead, response, rest)
  }
}

// Express ignores If-None-Match beside `Cache-Control: no-cache`, which fetch adds to every
// conditional request that a page makes by hand; the comparison is weak (RFC 9110 §13.1.2).
function matches(condition: string, etag: string | undefined): boolean {
  if (etag === undefined) return false
  const strip = (tag: string) => tag.trim().replace(/^W\//, '')
  return condition.trim() === '*' || condition.split(',').some((tag) => strip(tag) === strip(etag))
}

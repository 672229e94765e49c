import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'

/** What a private answer says about caching when its handler does not. */
export const DEFAULT_CACHE_CONTROL = 'private, max-age=3600'

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

  const tag = (body: unknown) => {
    if (response.headersSent || response.hasHeader('ETag') || response.statusCode !== 200) return
    if (request.method !== 'GET' && request.method !== 'HEAD') return
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) return
    const digest = createHash('sha256').update(body).digest('base64url')
    response.setHeader('ETag', `"${digest.slice(0, 27)}"`)
  }

  response.send = (body?: unknown) => {
    tag(body)
    return send.call(response, body)
  }

  const sendRest: (...rest: unknown[]) => Response = end.bind(response) as never
  response.end = (...rest: unknown[]) => {
    tag(rest[0])
    if (!response.headersSent && response.statusCode === 200 && request.fresh) {
      response.statusCode = 304
      for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding'])
        response.removeHeader(name)
      return sendRest()
    }
    return sendRest(...rest)
  }

  const writeOriginal: (...rest: unknown[]) => Response = writeHead.bind(response) as never
  response.writeHead = (...rest: unknown[]) => {
    const status = typeof rest[0] === 'number' ? rest[0] : response.statusCode
    if (!response.hasHeader('Cache-Control'))
      response.setHeader('Cache-Control', status < 400 ? DEFAULT_CACHE_CONTROL : 'no-store')
    return writeOriginal(...rest)
  }
}

import { hash } from 'node:crypto'
import type { Response } from 'express'

/** What a private answer says about caching when its handler does not. */
export const DEFAULT_CACHE_CONTROL = 'private, max-age=3600'

/** What Express says of every file unless it is told otherwise: nobody's decision. */
const EXPRESS_FILE_DEFAULT = 'public, max-age=0'

/** The tag that Express gives a body: its length, and a SHA-1 of all its bytes, called weak all the same. */
const EXPRESS_BODY_TAG = /^W\/("[0-9a-f]+-[A-Za-z0-9+/]{27}")$/

/** What a response had before. */
interface Before {
  readonly end: Response['end']
  readonly writeHead: Response['writeHead']
}

const before = Symbol('before')

/** A response as far as our functions are put into it. */
interface Hooked {
  [before]?: Before
  end: unknown
  writeHead: unknown
}

interface Validated extends Response {
  [before]: Before
}

/**
 * Makes what the handlers after us send cacheable by the one user's browser: `private`, and a strong
 * ETag which a conditional request gets a 304 for.
 *
 * So a renewed token costs a 304 per tile and not the tile. Bodies that are streamed keep whatever
 * validator their handler sets.
 *
 * @see RFC 9110 §8.8.3
 */
export function addValidators(response: Response): void {
  const { end, writeHead } = response
  const hooked: Hooked = response
  // The same functions for every response: new ones for each would cost more than what they do.
  hooked[before] = { end, writeHead }
  hooked.end = endValidated
  hooked.writeHead = writePrivateHead
}

function endValidated(this: Validated, ...rest: unknown[]): unknown {
  if (!this.headersSent) validate(this, rest[0])
  return Reflect.apply(this[before].end, this, this.statusCode === 304 ? [] : rest)
}

function writePrivateHead(this: Validated, ...rest: unknown[]): unknown {
  const status = typeof rest[0] === 'number' ? rest[0] : this.statusCode
  const given = this.getHeader('Cache-Control')
  if (given === undefined || given === EXPRESS_FILE_DEFAULT)
    this.setHeader('Cache-Control', status < 400 ? DEFAULT_CACHE_CONTROL : 'no-store')
  return Reflect.apply(this[before].writeHead, this, rest)
}

/** Gives a whole body its ETag; turns the answer into a 304 where the client has that body. */
function validate(response: Validated, body: unknown): void {
  const { method, headers } = response.req
  if (response.statusCode !== 200 && response.statusCode !== 304) return
  if (method !== 'GET' && method !== 'HEAD') return
  const etag = findTag(response.getHeader('ETag'), body)
  if (etag === undefined) return
  response.setHeader('ETag', etag)
  const condition = headers['if-none-match']
  if (response.statusCode === 304 || condition === undefined || !matches(condition, etag)) return
  response.statusCode = 304
  for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding'])
    response.removeHeader(name)
}

function findTag(given: unknown, body: unknown): string | undefined {
  if (typeof given === 'string') return EXPRESS_BODY_TAG.exec(given)?.[1] ?? given
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return
  return `"${hash('sha256', body, 'base64url').slice(0, 27)}"`
}

// Express ignores If-None-Match beside `Cache-Control: no-cache`, which fetch adds to every
// conditional request that a page makes by hand; the comparison is weak (RFC 9110 §13.1.2).
function matches(condition: string, etag: string): boolean {
  const strip = (tag: string) => tag.trim().replace(/^W\//, '')
  return condition.trim() === '*' || condition.split(',').some((tag) => strip(tag) === strip(etag))
}

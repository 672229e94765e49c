import { hash } from 'node:crypto'
import type { Response } from 'express'
import { hasCurrentBody, toDefaultCacheControl } from '../http/caching.ts'

/** The default of Express for files, so not a decision of the handler. */
const EXPRESS_FILE_DEFAULT = 'public, max-age=0'

/** The ETag that Express gives a body: its length and a SHA-1 of all its bytes, yet marked as weak. */
const EXPRESS_BODY_TAG = /^W\/("[0-9a-f]+-[A-Za-z0-9+/]{27}")$/

/** The methods of a response that ours call. */
interface OriginalMethods {
  readonly end: Response['end']
  readonly writeHead: Response['writeHead']
}

const original = Symbol('original')

/** A response, as far as its methods are replaced. */
interface ReplaceableResponse {
  [original]?: OriginalMethods
  end: unknown
  writeHead: unknown
}

interface ValidatedResponse extends Response {
  [original]: OriginalMethods
}

/**
 * Makes the responses of later handlers cacheable by the browser of one user: `private`, and with a
 * strong ETag that answers a conditional request with 304.
 *
 * So after a renewal a tile costs a 304, not its bytes, except in WebKit, which does not revalidate what
 * varies by a header that has changed. Without `Vary`, browsers would show one user's tiles to the next one
 * who goes back in the history, even under `no-cache`. A body that is streamed keeps the validator
 * that its handler sets.
 *
 * @see RFC 9110 §8.8.3
 */
export function addValidators(response: Response): void {
  const replaceable: ReplaceableResponse = response
  // Behind a second guard the methods are ours already, and would call themselves without end.
  if (replaceable[original]) return
  const { end, writeHead } = response
  // The same functions for every response: creating new ones would cost more than running them.
  replaceable[original] = { end, writeHead }
  replaceable.end = endValidated
  replaceable.writeHead = writePrivateHead
}

function endValidated(this: ValidatedResponse, ...rest: unknown[]): unknown {
  if (!this.headersSent) validate(this, rest[0])
  return Reflect.apply(this[original].end, this, this.statusCode === 304 ? [] : rest)
}

function writePrivateHead(this: ValidatedResponse, ...rest: unknown[]): unknown {
  const status = typeof rest[0] === 'number' ? rest[0] : this.statusCode
  const given = this.getHeader('Cache-Control')
  if (given === undefined || given === EXPRESS_FILE_DEFAULT)
    this.setHeader('Cache-Control', toDefaultCacheControl(status))
  return Reflect.apply(this[original].writeHead, this, rest)
}

/** Gives a complete body its ETag, and turns the response into a 304 if the client has that body. */
function validate(response: ValidatedResponse, body: unknown): void {
  const { method, headers } = response.req
  if (response.statusCode !== 200 && response.statusCode !== 304) return
  if (method !== 'GET' && method !== 'HEAD') return
  const etag = findTag(response.getHeader('ETag'), body)
  if (etag === undefined) return
  response.setHeader('ETag', etag)
  // Express ignores If-None-Match next to `Cache-Control: no-cache`, which browsers add when a page
  // makes a conditional request with fetch.
  const condition = headers['if-none-match']
  if (response.statusCode === 304 || condition === undefined || !hasCurrentBody(condition, etag))
    return
  response.statusCode = 304
  for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding'])
    response.removeHeader(name)
}

function findTag(given: unknown, body: unknown): string | undefined {
  if (typeof given === 'string') return EXPRESS_BODY_TAG.exec(given)?.[1] ?? given
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return
  return `"${hash('sha256', body, 'base64url').slice(0, 27)}"`
}

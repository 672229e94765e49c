import type { IncomingMessage } from 'node:http'
import { GuardError } from '../errors.ts'
import { type CanonicalTarget, findCanonicalTarget } from '../tiles/canonical-path.ts'
import { readHeaders } from './credentials.ts'

/** A request that a gateway asks about. */
export interface ForwardedRequest {
  readonly method: string
  /** Its target as the client sent it. */
  readonly uri: string
  readonly target: CanonicalTarget
}

/** 403 `FORWARDED_REQUEST`: it is not clear what the client asked for, so nobody can answer. */
export class ForwardedRequestError extends GuardError {
  constructor() {
    super('The gateway must say one method and one URI', {
      status: 403,
      code: 'FORWARDED_REQUEST',
      reason: 'Forbidden',
    })
  }
}

/** 403 `UNSAFE_PATH`, meant as 400: the server behind could read the path in another way. */
export class UnsafePathError extends GuardError {
  constructor() {
    super('The path has more than one reading', {
      status: 400,
      code: 'UNSAFE_PATH',
      reason: 'Bad Request',
    })
  }
}

/** nginx' names first, then Traefik's and Caddy's. */
const URI_HEADERS = ['x-original-uri', 'x-forwarded-uri']
const METHOD_HEADERS = ['x-original-method', 'x-forwarded-method']

/**
 * Reads what a gateway says of the client's request. Only for requests of trusted peers.
 *
 * A client can send these headers too, and a gateway passes on those that it does not set itself; so
 * all that are there must agree.
 *
 * @throws {@link ForwardedRequestError}, {@link UnsafePathError}
 */
export function readForwardedRequest(
  request: Pick<IncomingMessage, 'rawHeaders'>,
): ForwardedRequest {
  const uri = readOne(request, URI_HEADERS)
  const method = readOne(request, METHOD_HEADERS)
  const target = findCanonicalTarget(uri)
  if (!target) throw new UnsafePathError()
  return { method, uri, target }
}

/** Is this a browser's question whether a page may ask? It carries no credential. */
export function isPreflight(
  method: string,
  { headers }: Pick<IncomingMessage, 'headers'>,
): boolean {
  const { origin, 'access-control-request-method': wanted } = headers
  return method === 'OPTIONS' && origin !== undefined && wanted !== undefined
}

function readOne(request: Pick<IncomingMessage, 'rawHeaders'>, names: readonly string[]): string {
  const values = names.map((name) => readHeaders(request, name))
  const [value, ...others] = new Set(values.flat())
  if (value === undefined || others.length > 0 || values.some(({ length }) => length > 1))
    throw new ForwardedRequestError()
  return value
}

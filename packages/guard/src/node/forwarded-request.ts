import type { IncomingHttpHeaders } from 'node:http'
import { GuardError } from '../errors.ts'
import { type RawRequest, readHeaders } from '../http/raw-request.ts'
import { type CanonicalTarget, findCanonicalTarget } from '../tiles/canonical-path.ts'

/** The client's request, as a gateway describes it. */
export interface ForwardedRequest {
  readonly method: string
  /** The request target as the client sent it. */
  readonly uri: string
  /** The request target without the token. */
  readonly target: CanonicalTarget
}

/** 403 `FORWARDED_REQUEST`: the gateway's headers are missing or contradict each other. */
export class ForwardedRequestError extends GuardError {
  constructor() {
    super('The gateway must send exactly one method and one URI', {
      status: 403,
      code: 'FORWARDED_REQUEST',
      reason: 'Forbidden',
    })
  }
}

/** 400 `UNSAFE_PATH`, sent as 403: the server behind the gateway could read the path differently. */
export class UnsafePathError extends GuardError {
  constructor() {
    super('The path is ambiguous: servers may read it differently', {
      status: 400,
      code: 'UNSAFE_PATH',
      reason: 'Bad Request',
    })
  }
}

/** First the headers of nginx, then those of Traefik and Caddy. */
const URI_HEADERS = ['x-original-uri', 'x-forwarded-uri']
const METHOD_HEADERS = ['x-original-method', 'x-forwarded-method']

/**
 * Reads the client's request from a gateway's headers. Only for requests of trusted peers.
 *
 * A client can send these headers as well, and a gateway passes on those that it does not set itself.
 * So all that are present must agree.
 *
 * @param tokenParameter Name of the query parameter that may contain the token.
 * @throws {@link ForwardedRequestError}, {@link UnsafePathError}
 */
export function readForwardedRequest(
  request: RawRequest,
  tokenParameter: string | undefined,
): ForwardedRequest {
  const uri = readAgreedValue(request, URI_HEADERS)
  const method = readAgreedValue(request, METHOD_HEADERS)
  const target = findCanonicalTarget(uri, tokenParameter)
  if (!target) throw new UnsafePathError()
  return { method, uri, target }
}

/**
 * Is this a CORS preflight? It carries no credential. Empty or repeated headers make none: a gateway
 * that answers preflights itself could take such a request for another one, and pass it on.
 */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  const { origin = '', 'access-control-request-method': requestedMethod = '' } = headers
  return method === 'OPTIONS' && /^[^\s,]+$/.test(origin) && /^[A-Za-z]+$/.test(requestedMethod)
}

function readAgreedValue(request: RawRequest, names: readonly string[]): string {
  const values = names.map((name) => readHeaders(request, name))
  const [value, ...others] = new Set(values.flat())
  if (value === undefined || others.length > 0 || values.some(({ length }) => length > 1))
    throw new ForwardedRequestError()
  return value
}

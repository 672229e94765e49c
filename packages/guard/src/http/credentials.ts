import type { IncomingMessage } from 'node:http'
import { AmbiguousCredentialsError, AuthRequiredError } from '../errors.ts'
import { isRecord } from '../options/is-record.ts'
import { findCookies } from '../token/cookies.ts'

/**
 * Where a request may carry its token: the `Authorization` header, and by choice a query parameter or
 * a cookie of the given name as well, for clients that cannot set a header (`<img>`).
 */
export type CredentialSource =
  | 'header'
  | { readonly query?: string | undefined; readonly cookie?: string | undefined }

/** The part of a request that a credential can be in. */
export type CredentialRequest = Pick<IncomingMessage, 'rawHeaders' | 'url'>

const BEARER = /^bearer +([^\s,]+)$/i
/** RFC 6265 §4.1.1. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** @throws `TypeError` for a source without a usable name. */
export function assertCredentialSource(source: CredentialSource): void {
  if (source === 'header') return
  if (!isRecord(source))
    throw new TypeError('"credentials" must be "header", or name a query parameter or a cookie')
  const { query, cookie, ...others } = source
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw new TypeError(`"credentials.${unknown}" is none of query, cookie`)
  if (query === undefined && cookie === undefined)
    throw new TypeError('"credentials" must be "header", or name a query parameter or a cookie')
  if (query === '') throw new TypeError('"credentials.query" must name a parameter')
  if (cookie !== undefined && !COOKIE_NAME.test(cookie))
    throw new TypeError('"credentials.cookie" must name a cookie')
}

/**
 * Finds the one credential of a request; the scheme's case does not matter (RFC 9110 §11.1).
 *
 * @throws {@link AuthRequiredError} without one, {@link AmbiguousCredentialsError} with several.
 * @see RFC 6750 §2
 */
export function readCredential(request: CredentialRequest, source: CredentialSource): string {
  const { query, cookie } = source === 'header' ? {} : source
  // Node keeps the first of several Authorization headers and drops the others without a word.
  const headers = readHeaders(request, 'authorization')
  const parameters = query === undefined ? [] : readParameters(request.url ?? '', query)
  const cookies = cookie === undefined ? [] : findCookies(readHeaders(request, 'cookie'), cookie)
  if (headers.length + parameters.length + cookies.length > 1)
    throw new AmbiguousCredentialsError([
      ...findPlace(headers, 'the Authorization header'),
      // Its name is the server's own, but need not be fit for a header.
      ...findPlace(parameters, 'the query'),
      ...findPlace(cookies, `the cookie ${cookie}`),
    ])
  const token = parameters[0] ?? cookies[0] ?? BEARER.exec(headers[0] ?? '')?.[1]
  if (!token) throw new AuthRequiredError()
  return token
}

function findPlace({ length }: readonly string[], place: string): string[] {
  if (length === 0) return []
  return [length === 1 ? place : `${place} (${length} times)`]
}

/** Every value of a header, as it was sent. */
export function readHeaders(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  name: string,
): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index]
    const value = rawHeaders[index + 1]
    // Lower case costs more than comparing lengths.
    if (given?.length !== name.length || value === undefined) continue
    if (given.toLowerCase() === name) values.push(value)
  }
  return values
}

function readParameters(url: string, name: string): string[] {
  const start = url.indexOf('?')
  return start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll(name)
}

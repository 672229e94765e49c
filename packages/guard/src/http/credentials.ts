import { AmbiguousCredentialsError, AuthRequiredError } from '../errors.ts'
import { isRecord } from '../options/is-record.ts'
import { readCookies } from '../token/cookies.ts'
import { type RawRequest, readHeaders } from './raw-request.ts'

/**
 * Where a request may carry its token: in the `Authorization` header, and optionally also in a query
 * parameter or a cookie of the given name, for clients that cannot set a header (`<img>`).
 */
export type CredentialSource =
  | 'header'
  | { readonly query?: string | undefined; readonly cookie?: string | undefined }

const BEARER = /^bearer +([^\s,]+)$/i
/** Between two credentials of Authorization headers that were joined: a scheme follows, not a parameter. */
const JOINT = /, *(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+ +\S)/
/** RFC 6265 §4.1.1. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const SOURCE_RULE =
  '"credentials" must be "header", or an object with the name of a "query" parameter or a "cookie"'

/** @throws `TypeError` for a source without a valid name. */
export function assertCredentialSource(source: CredentialSource): void {
  if (source === 'header') return
  if (!isRecord(source)) throw new TypeError(SOURCE_RULE)
  const { query, cookie, ...others } = source
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw new TypeError(`"credentials.${unknown}" is unknown; use "query" or "cookie"`)
  if (query === undefined && cookie === undefined) throw new TypeError(SOURCE_RULE)
  if (query === '') throw new TypeError('"credentials.query" must be the name of a parameter')
  if (cookie !== undefined && !COOKIE_NAME.test(cookie))
    throw new TypeError('"credentials.cookie" must be the name of a cookie')
}

/**
 * Reads the one credential of a request. The scheme may be in any case (RFC 9110 §11.1).
 *
 * @throws {@link AuthRequiredError} if there is none, {@link AmbiguousCredentialsError} if there are
 *   several.
 * @see RFC 6750 §2
 */
export function readCredential(request: RawRequest, source: CredentialSource): string {
  const { query, cookie } = source === 'header' ? {} : source
  // Raw headers, because Node silently keeps only the first of several Authorization headers.
  const headers = splitJoined(readHeaders(request, 'authorization'))
  const parameters = query === undefined ? [] : readParameters(request.url ?? '', query)
  const cookies = cookie === undefined ? [] : readCookies(readHeaders(request, 'cookie'), cookie)
  if (headers.length + parameters.length + cookies.length > 1)
    throw new AmbiguousCredentialsError([
      ...describePlace(headers, 'the Authorization header'),
      // Without the parameter's name, which may have characters that a header cannot contain.
      ...describePlace(parameters, 'the query'),
      ...describePlace(cookies, `the cookie ${cookie}`),
    ])
  const token = parameters[0] ?? cookies[0] ?? BEARER.exec(headers[0] ?? '')?.[1]
  if (!token) throw new AuthRequiredError()
  return token
}

/**
 * Joins headers as proxies and `fetch` do before a guard can see them, and counts what names a scheme: so
 * the answer depends on what was sent, and not on who has joined it.
 */
function splitJoined(values: readonly string[]): readonly string[] {
  const joined = values.join(', ')
  // Looking for a comma first is cheaper: a token has none.
  return joined.includes(',') ? joined.split(JOINT) : values
}

function describePlace({ length }: readonly string[], place: string): string[] {
  if (length === 0) return []
  return [length === 1 ? place : `${place} (${length} times)`]
}

function readParameters(url: string, name: string): string[] {
  const start = url.indexOf('?')
  return start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll(name)
}

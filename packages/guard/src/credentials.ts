import type { IncomingMessage } from 'node:http'
import { AmbiguousCredentialsError, AuthRequiredError } from './errors.ts'

/**
 * Where a request may carry its token: the `Authorization` header, or, for clients that cannot set
 * one (`<img>`), also a query parameter of the given name.
 */
export type CredentialSource = 'header' | { readonly query: string }

const BEARER = /^bearer +([^\s,]+)$/i

/**
 * Finds the one credential of a request; the scheme's case does not matter (RFC 9110 §11.1).
 *
 * @throws {@link AuthRequiredError} without one, {@link AmbiguousCredentialsError} with several.
 * @see RFC 6750 §2
 */
export function readCredential(
  request: Pick<IncomingMessage, 'rawHeaders' | 'url'>,
  source: CredentialSource,
): string {
  // Node keeps the first of several Authorization headers and drops the others without a word.
  const headers = request.rawHeaders.filter(
    (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'authorization',
  )
  const parameters = source === 'header' ? [] : readParameters(request.url ?? '', source.query)
  if (headers.length + parameters.length > 1) throw new AmbiguousCredentialsError()
  const token = parameters[0] ?? BEARER.exec(headers[0] ?? '')?.[1]
  if (!token) throw new AuthRequiredError()
  return token
}

function readParameters(url: string, name: string): string[] {
  const start = url.indexOf('?')
  return start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll(name)
}

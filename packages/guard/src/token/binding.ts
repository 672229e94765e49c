import { hash } from 'node:crypto'
import { InvalidTokenError } from '../errors.ts'
import { findCookies } from './cookies.ts'

/** The cookie whose secret a token may be bound to: of one host, unreadable for scripts. */
export const BINDING_COOKIE = '__Host-tilepass'

/** The cookie in which the broker hands out the token itself, where a grant says so. */
export const TOKEN_COOKIE = '__Host-tilepass-token'

/**
 * What a bound token is confirmed by: the hash of the secret in {@link BINDING_COOKIE}. A copy of the
 * token from a URL, a log or a screen is worth nothing without the cookie of the browser that got it.
 *
 * @see RFC 7800 §3.1
 */
export interface Confirmation {
  /** SHA-256 of the secret, in base64url. */
  readonly 'cookie#S256': string
}

const MEMBER = 'cookie#S256'

/** What a token is bound by. @param secret Value of {@link BINDING_COOKIE}. */
export function confirmBy(secret: string): Confirmation {
  return { [MEMBER]: hash('sha256', secret, 'base64url') }
}

/**
 * Reads the claim `cnf`.
 *
 * @throws {@link InvalidTokenError} for a binding that cannot be checked here: it is not ignored.
 */
export function parseConfirmation(value: unknown): Confirmation {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const [[name, confirmed] = []] = entries
  if (entries.length !== 1 || name !== MEMBER || typeof confirmed !== 'string')
    throw new InvalidTokenError('bound in another way')
  return { [MEMBER]: confirmed }
}

/** Does the request come from the browser that the token was made for? @param cookie Its `Cookie` header. */
export function isConfirmed({ [MEMBER]: wanted }: Confirmation, cookie = ''): boolean {
  return findCookies([cookie], BINDING_COOKIE).some(
    (secret) => confirmBy(secret)[MEMBER] === wanted,
  )
}

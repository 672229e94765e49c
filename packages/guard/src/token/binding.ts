import { InvalidTokenError } from '../errors.ts'
import { isRecord } from '../options/is-record.ts'
import { readCookies } from './cookies.ts'
import { hashText } from './sha256.ts'

/** The cookie with the secret that a token may be bound to: for one host, unreadable for scripts. */
export const BINDING_COOKIE = '__Host-tilepass'

/** The cookie in which the broker sends the token itself, where a grant says so. */
export const TOKEN_COOKIE = '__Host-tilepass-token'

/**
 * The claim `cnf` of a bound token: the hash of the secret in {@link BINDING_COOKIE}. A copy of the
 * token from a URL, a log or a screen is useless without the cookie of the browser that obtained it.
 *
 * @see RFC 7800 §3.1
 */
export interface Confirmation {
  /** SHA-256 of the secret, in base64url. */
  readonly 'cookie#S256': string
}

const MEMBER = 'cookie#S256'

/** Makes the claim `cnf` for a secret. @param secret Value of {@link BINDING_COOKIE}. */
export async function confirmBy(secret: string): Promise<Confirmation> {
  return { [MEMBER]: await hashText(secret) }
}

/**
 * Reads the claim `cnf`.
 *
 * @throws {@link InvalidTokenError} for a binding that cannot be checked here, instead of ignoring it.
 */
export function parseConfirmation(value: unknown): Confirmation {
  const hash = isRecord(value) && Object.keys(value).length === 1 ? value[MEMBER] : undefined
  if (typeof hash !== 'string') throw new InvalidTokenError('unsupported cnf')
  return { [MEMBER]: hash }
}

/** Finds the secret that a token is bound to among the cookies of a request. @param cookie Its `Cookie` header. */
export async function findSecret(
  { [MEMBER]: expected }: Confirmation,
  cookie = '',
): Promise<string | undefined> {
  for (const secret of readCookies([cookie], BINDING_COOKIE))
    if ((await hashText(secret)) === expected) return secret
  return
}

/** Do the cookies of a request contain this secret? @param cookie Its `Cookie` header. */
export function hasSecret(secret: string, cookie = ''): boolean {
  return readCookies([cookie], BINDING_COOKIE).some((value) => isEqual(value, secret))
}

// In constant time: unlike a hash, the secret itself could be guessed one character after another.
function isEqual(given: string, secret: string): boolean {
  if (given.length !== secret.length) return false
  let difference = 0
  for (let index = 0; index < secret.length; index++)
    difference |= given.charCodeAt(index) ^ secret.charCodeAt(index)
  return difference === 0
}

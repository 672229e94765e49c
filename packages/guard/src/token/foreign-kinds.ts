import { InvalidTokenError } from '../errors.ts'
import type { RequiredClaims } from './required-claims.ts'

/** What access tokens may say in `typ` of the payload. Keycloak writes it into every kind: ID, Refresh, Offline … */
const ACCESS_TYPES = ['bearer', 'access', 'access_token', 'jwt', 'at+jwt', 'application/at+jwt']
/** What other kinds of token, ours among them, say in `token_type` or `type`. */
const OTHER_TYPES = [
  'id',
  'id_token',
  'refresh',
  'refresh_token',
  'offline',
  'session',
  'download',
  'logout',
  'logout_token',
]
/** Claims that only ID tokens and logout tokens have. @see OpenID Connect Core §3.1.3.6, Back-Channel Logout §2.4 */
const CLAIMS_OF_OTHERS = ['at_hash', 'c_hash', 'events']

/**
 * Refuses tokens of a kind other than access tokens. Issuers sign all of them with one key, and some for
 * one audience.
 *
 * @param requiredClaims A claim that the operator requires is not judged here.
 * @throws {@link InvalidTokenError}
 * @see RFC 8725 §3.11 and §3.12
 */
export function assertAccessToken(
  payload: Readonly<Record<string, unknown>>,
  requiredClaims: RequiredClaims,
): void {
  const findValue = (name: string) => {
    if (payload[name] === undefined || Object.hasOwn(requiredClaims, name)) return
    return String(payload[name]).toLowerCase()
  }
  const refuse = (name: string) => {
    throw new InvalidTokenError(`not an access token: claim ${name}`)
  }
  for (const name of CLAIMS_OF_OTHERS) if (payload[name] !== undefined) refuse(name)
  const typ = findValue('typ')
  if (typ !== undefined && !ACCESS_TYPES.includes(typ)) refuse('typ')
  // Cognito: `id` or `access`.
  const use = findValue('token_use')
  if (use !== undefined && use !== 'access') refuse('token_use')
  for (const name of ['token_type', 'type'])
    if (OTHER_TYPES.includes(findValue(name) ?? '')) refuse(name)
}

import { base64url } from 'jose'
import { InvalidTokenError } from '../errors.ts'
import { isRecord } from '../options/is-record.ts'

/** The parts of a token in valid form. Nothing in it is trusted yet. */
export interface CompactJws {
  /** `alg` of the header: compared with the configured algorithm, never used to choose one. */
  readonly algorithm: string
  readonly keyId: string
  /** `typ` of the header. */
  readonly type: string | undefined
  /** Does the header mark tile claims as critical (`crit: ["tiles"]`)? */
  readonly hasCriticalTiles: boolean
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Longest token that is accepted, in bytes. */
export const MAX_TOKEN_LENGTH = 4096

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SEGMENT = /^[A-Za-z0-9_-]+$/
/** Header members by which a token could bring its own key, or change how its bytes are read. */
const FORBIDDEN = ['jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'zip', 'b64', 'enc', 'cty']

/**
 * Reads a token in canonical compact JWS form (RFC 7515 §7.1) and in no other form.
 *
 * Stricter than JWT libraries: no form but one is accepted. Still, an ECDSA signature (r, s) has a valid
 * twin (r, n − s), so two strings can be one token. Whatever counts or revokes goes by its claims.
 *
 * @throws {@link InvalidTokenError} naming the rule that the token broke.
 */
export function parseCompactJws(token: string): CompactJws {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidTokenError('longer than 4 KiB')
  const segments = token.split('.', 4)
  const [head, body, signature] = segments
  if (segments.length !== 3 || head === undefined || body === undefined || signature === undefined)
    throw new InvalidTokenError('expected three segments')
  for (const segment of [head, body, signature])
    if (!isCanonicalBase64url(segment)) throw new InvalidTokenError('not canonical base64url')

  const header = parseJsonObject(head, 'header')
  for (const name of FORBIDDEN)
    if (Object.hasOwn(header, name))
      throw new InvalidTokenError(`header member ${name} is not allowed`)
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') throw new InvalidTokenError('alg must be a string')
  if (typeof kid !== 'string' || kid === '')
    throw new InvalidTokenError('kid must be a non-empty string')
  if (typ !== undefined && typ !== 'JWT' && typ !== 'at+jwt')
    throw new InvalidTokenError('unsupported typ')
  return {
    algorithm: alg,
    keyId: kid,
    type: typ,
    hasCriticalTiles: readCritical(header),
    header,
    payload: parseJsonObject(body, 'payload'),
  }
}

/** Tile claims are the only critical extension that we support. @see RFC 7515 §4.1.11 */
function readCritical(header: Readonly<Record<string, unknown>>): boolean {
  if (!Object.hasOwn(header, 'crit')) return false
  const { crit, tiles } = header
  if (!Array.isArray(crit) || crit.length !== 1 || crit[0] !== 'tiles' || tiles !== true)
    throw new InvalidTokenError('unsupported critical extension')
  return true
}

/** Is this non-empty base64url without padding, white space or unused bits? Then its bytes have no other form. */
export function isCanonicalBase64url(segment: string): boolean {
  if (!SEGMENT.test(segment)) return false
  const last = ALPHABET.indexOf(segment.charAt(segment.length - 1))
  switch (segment.length % 4) {
    case 0:
      return true
    case 2:
      return (last & 0b1111) === 0
    case 3:
      return (last & 0b11) === 0
    default:
      return false
  }
}

function parseJsonObject(segment: string, part: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    const bytes = base64url.decode(segment)
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw new InvalidTokenError(`${part} is not JSON in UTF-8`, { cause })
  }
  if (!isRecord(value)) throw new InvalidTokenError(`${part} is not a JSON object`)
  return value
}

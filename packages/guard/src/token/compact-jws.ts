import { InvalidTokenError } from '../errors.ts'
import { isRecord } from '../options/is-record.ts'

/** A token's parts after the form was checked; nothing in it is trusted yet. */
export interface CompactJws {
  /** `alg` as the token claims it: compared with the configured one, never used to choose. */
  readonly algorithm: string
  readonly keyId: string
  /** `typ` of the header. */
  readonly type: string | undefined
  /** Does the header mark tile claims as critical (`crit: ["tiles"]`)? */
  readonly hasCriticalTiles: boolean
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Longest token that is looked at, in bytes. */
export const MAX_TOKEN_LENGTH = 4096

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SEGMENT = /^[A-Za-z0-9_-]+$/
/** Header members that would let a token bring its own key, or change how its bytes are read. */
const FORBIDDEN = ['jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'zip', 'b64', 'enc', 'cty']

/**
 * Reads a token in canonical compact JWS form (RFC 7515 §7.1), and no other.
 *
 * Stricter than JWT libraries: two different strings never stand for the same token, which caches
 * and revocation lists depend on.
 *
 * @throws {@link InvalidTokenError} naming the rule that was broken.
 */
export function parseCompactJws(token: string): CompactJws {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidTokenError('longer than 4 KiB')
  const segments = token.split('.', 4)
  const [head, body, signature] = segments
  if (segments.length !== 3 || head === undefined || body === undefined || signature === undefined)
    throw new InvalidTokenError('not three segments')
  for (const segment of [head, body, signature])
    if (!isCanonicalBase64url(segment)) throw new InvalidTokenError('not canonical base64url')

  const header = parseJsonObject(head, 'header')
  for (const name of FORBIDDEN)
    if (Object.hasOwn(header, name)) throw new InvalidTokenError(`header has ${name}`)
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') throw new InvalidTokenError('alg is not a string')
  if (typeof kid !== 'string' || kid === '') throw new InvalidTokenError('kid is not a string')
  if (typ !== undefined && typ !== 'JWT' && typ !== 'at+jwt')
    throw new InvalidTokenError('unknown typ')
  return {
    algorithm: alg,
    keyId: kid,
    type: typ,
    hasCriticalTiles: readCritical(header),
    header,
    payload: parseJsonObject(body, 'payload'),
  }
}

/** The one extension that we know: tile claims. @see RFC 7515 §4.1.11 */
function readCritical(header: Readonly<Record<string, unknown>>): boolean {
  if (!Object.hasOwn(header, 'crit')) return false
  const { crit, tiles } = header
  if (!Array.isArray(crit) || crit.length !== 1 || crit[0] !== 'tiles' || tiles !== true)
    throw new InvalidTokenError('unknown critical extension')
  return true
}

/** Is this base64url without padding, white space or unused bits, so that one value has one form? */
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
    const bytes = Buffer.from(segment, 'base64url')
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw new InvalidTokenError(`${part} is not JSON in UTF-8`, { cause })
  }
  if (!isRecord(value)) throw new InvalidTokenError(`${part} is not an object`)
  return value
}

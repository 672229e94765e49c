import { InvalidTokenError } from '../errors.ts'
import { decodeBase64url } from '../options/base64url.ts'
import { isRecord } from '../options/is-record.ts'
import { type OwnHeader, parseOwnHeader } from './header.ts'

/** The parts of a token in valid form. Nothing in it is trusted yet. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  /** Header and payload as they are signed: unlike a whole token, the same for both forms of an ECDSA signature. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
  /** Length of the whole token, in bytes. */
  readonly length: number
}

/** Longest token that is accepted from any issuer, in bytes: those with lists of groups are long. */
const MAX_LENGTH = 8192
/** Longest token of our own kind, in bytes. */
export const MAX_TOKEN_LENGTH = 4096

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SEGMENT = /^[A-Za-z0-9_-]+$/

/**
 * Reads a token in canonical compact JWS form (RFC 7515 §7.1) and in no other form.
 *
 * Stricter than JWT libraries: no form but one is accepted. Still, an ECDSA signature (r, s) has a valid
 * twin (r, n − s), so two strings can be one token. Whatever counts or revokes goes by its claims.
 *
 * @throws {@link InvalidTokenError} naming the rule that the token broke.
 */
export function readCompactJws(token: string): CompactJws {
  if (token.length > MAX_LENGTH) throw new InvalidTokenError('longer than 8 KiB')
  const segments = token.split('.', 4)
  const [head, body, signature] = segments
  if (segments.length !== 3 || head === undefined || body === undefined || signature === undefined)
    throw new InvalidTokenError('expected three segments')
  for (const segment of [head, body, signature])
    if (!isCanonicalBase64url(segment)) throw new InvalidTokenError('not canonical base64url')
  return {
    header: parseJsonObject(head, 'header'),
    payload: parseJsonObject(body, 'payload'),
    signingInput: `${head}.${body}`,
    signature: decodeBase64url(signature),
    length: token.length,
  }
}

/**
 * Reads a token of our own kind: at most 4 KiB, with the header that we write.
 *
 * @throws {@link InvalidTokenError}
 */
export function parseCompactJws(token: string): CompactJws & OwnHeader {
  const jws = readCompactJws(token)
  assertOwnLength(jws)
  return { ...jws, ...parseOwnHeader(jws.header) }
}

/** @throws {@link InvalidTokenError} for a token that is longer than ours may be. */
export function assertOwnLength({ length }: CompactJws): void {
  if (length > MAX_TOKEN_LENGTH) throw new InvalidTokenError('longer than 4 KiB')
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
    const bytes = decodeBase64url(segment)
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw new InvalidTokenError(`${part} is not JSON in UTF-8`, { cause })
  }
  if (!isRecord(value)) throw new InvalidTokenError(`${part} is not a JSON object`)
  return value
}

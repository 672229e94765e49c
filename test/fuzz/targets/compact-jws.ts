import fc from 'fast-check'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect } from 'vitest'
import { InvalidTokenError } from '../../../packages/guard/src/index.ts'
import { parseCompactJws } from '../../../packages/guard/src/token/compact-jws.ts'
import { findParsed, type Target } from '../target.ts'

export const encode = (text: string) => Buffer.from(text).toString('base64url')

/** Is this exactly what Node writes for its bytes, and are these UTF-8? */
export function isCanonicalText(segment: string): boolean {
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.toString('base64url') === segment && Buffer.from(bytes.toString()).equals(bytes)
}

const header = fc.record(
  {
    alg: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('RS256', 'none', 'HS256') },
      fc.jsonValue({ maxDepth: 1 }),
    ),
    kid: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('k', 'k', 'é', '') },
      fc.jsonValue({ maxDepth: 1 }),
    ),
    typ: fc.constantFrom('JWT', 'at+jwt', 'JWT', 'at+jwt', 'jwt', null),
  },
  { requiredKeys: ['alg', 'kid'] },
)
const special = fc.record(
  {
    crit: fc.constantFrom(['tiles'], ['tiles'], [], ['tiles', 'tiles'], ['b64'], 'tiles'),
    tiles: fc.constantFrom(true, true, 1, {}),
    jwk: fc.constant({}),
    b64: fc.boolean(),
  },
  { requiredKeys: [] },
)
const headers = fc
  .tuple(header, fc.option(special, { freq: 2 }))
  .map(([plain, more]) => JSON.stringify({ ...plain, ...more }))
const json = fc
  .oneof(fc.object(), fc.object(), fc.jsonValue())
  .map((value) => JSON.stringify(value))
const signature = fc
  .uint8Array({ minLength: 1 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
const segment = fc.oneof(json.map(encode), headers.map(encode), fc.base64String(), fc.string())

/** jose and Node read an accepted token alike, and what is plain to both is accepted. */
export const compactJws: Target<string> = {
  name: 'compact-jws',
  arbitrary: fc
    .oneof(
      fc.tuple(headers.map(encode), json.map(encode), signature),
      fc.array(segment, { maxLength: 5 }),
    )
    .map((segments) => segments.join('.')),
  check: (token) => {
    const parsed = findParsed(() => parseCompactJws(token), InvalidTokenError)
    if (!parsed) {
      expect(isPlain(token)).toBe(false)
      return false
    }
    const given = decodeProtectedHeader(token)
    expect(parsed.header).toEqual(given)
    expect(parsed.payload).toEqual(decodeJwt(token))
    expect([parsed.algorithm, parsed.keyId, parsed.type]).toEqual([given.alg, given.kid, given.typ])
    expect(token.split('.').every((part) => part !== '')).toBe(true)
    const [head = '', payload = '', signature = ''] = token.split('.')
    expect(isCanonicalText(head) && isCanonicalText(payload)).toBe(true)
    expect(Buffer.from(signature, 'base64url').toString('base64url')).toBe(signature)
    return true
  },
}

/** Has it nothing but the three plain members, in three canonical segments? */
function isPlain(token: string): boolean {
  const [head = '', payload = '', signature = '', ...others] = token.split('.')
  if (token.length > 4096 || others.length > 0 || !signature) return false
  if (![head, payload].every(isCanonicalText)) return false
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) return false
  try {
    decodeJwt(token)
    // jose ignores byte order marks.
    if (/^77u_/m.test(`${head}\n${payload}`)) return false
    const { alg, kid, typ = 'JWT', ...more } = decodeProtectedHeader(token)
    const isText = typeof alg === 'string' && typeof kid === 'string' && kid !== ''
    return isText && (typ === 'JWT' || typ === 'at+jwt') && Object.keys(more).length === 0
  } catch {
    return false
  }
}

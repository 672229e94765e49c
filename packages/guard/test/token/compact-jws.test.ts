import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidTokenError } from '../../src/index.ts'
import {
  isCanonicalBase64url,
  MAX_TOKEN_LENGTH,
  parseCompactJws,
} from '../../src/token/compact-jws.ts'
import { encode } from '../support/issuer.ts'

const header = encode({ alg: 'RS256', kid: 'k' })
const good = `${header}.${encode({ a: 1 })}.c2ln`

describe('T1: only canonical compact JWS of at most 4 KiB', () => {
  test('a valid token is accepted', () => {
    expect(parseCompactJws(good)).toMatchObject({
      algorithm: 'RS256',
      keyId: 'k',
      payload: { a: 1 },
    })
  })

  test.each([
    ['empty', ''],
    ['two segments', `${header}.e30`],
    ['four segments', `${good}.x`],
    ['a JWE with five', 'a.b.c.d.e'],
    ['an empty signature', `${header}.e30.`],
    ['padding', `${good}==`],
    ['white space inside', `${header}. e30.c2ln`],
    ['a line break at the end', `${good}\n`],
    ['standard base64', `${header}.e30.ab+/`],
    ['unused bits in the signature', `${header}.e30.c2lnYR`],
    ['unused bits in the payload', `${header}.e31.c2ln`],
    ['JSON serialization', JSON.stringify({ payload: 'e30', signatures: [] })],
    ['a nested token as payload', `${header}.${encode(good)}.c2ln`],
    ['an array as payload', `${header}.${encode([])}.c2ln`],
    ['a byte order mark', `${header}.${encode('\ufeff{}')}.c2ln`],
    ['broken UTF-8', `${header}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.c2ln`],
    ['more than 4 KiB', `${header}.${encode({ a: 'x'.repeat(MAX_TOKEN_LENGTH) })}.c2ln`],
  ])('%s is refused', (_, token) => {
    expect(() => parseCompactJws(token)).toThrow(InvalidTokenError)
  })
})

test('T4: a token that brings its own key is refused', () => {
  for (const name of ['jwk', 'jku', 'x5u', 'x5c'])
    expect(() =>
      parseCompactJws(`${encode({ alg: 'RS256', kid: 'k', [name]: 'x' })}.e30.c2ln`),
    ).toThrow(InvalidTokenError)
})

test('T5: crit, b64, zip, enc and unsupported types are refused', () => {
  const extras = [
    { crit: ['tiles'] },
    { crit: [] },
    { b64: false },
    { zip: 'DEF' },
    { enc: 'A256GCM' },
    { cty: 'JWT' },
    { typ: 'dpop+jwt' },
  ]
  for (const extra of extras)
    expect(() =>
      parseCompactJws(`${encode({ alg: 'RS256', kid: 'k', ...extra })}.e30.c2ln`),
    ).toThrow(InvalidTokenError)
})

test('T3: kid must be a string', () => {
  for (const kid of [undefined, 1, null, '', ['k'], {}])
    expect(() => parseCompactJws(`${encode({ alg: 'RS256', kid })}.e30.c2ln`)).toThrow(
      InvalidTokenError,
    )
})

test('canonical base64url is exactly what Node writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
      expect(isCanonicalBase64url(Buffer.from(bytes).toString('base64url'))).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const isCanonical = Buffer.from(text, 'base64url').toString('base64url') === text
      expect(isCanonicalBase64url(text)).toBe(isCanonical)
    }),
  )
})

test('no string makes the parser throw any other error', () => {
  const segment = fc.oneof(fc.string(), fc.json().map(encode))
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
      try {
        parseCompactJws(segments.join('.'))
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidTokenError)
      }
    }),
  )
})

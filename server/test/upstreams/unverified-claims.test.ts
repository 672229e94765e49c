import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UpstreamInvalidError } from '../../src/upstreams/errors.ts'
import { findPayload, findUnverifiedClaims } from '../../src/upstreams/unverified-claims.ts'

const jwt = (claims: unknown) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

describe('the claims of a token', () => {
  test('are read from JWTs and from temporary Mapbox tokens', () => {
    expect(findUnverifiedClaims(jwt({ exp: 5, iat: 1, scope: 'a b' }))).toMatchObject({
      exp: 5,
      iat: 1,
      scopes: ['a', 'b'],
    })
    const mapbox = findUnverifiedClaims(jwt({ scopes: ['styles:read'] }).replace('e30', 'tk'))
    expect(mapbox?.scopes).toEqual(['styles:read'])
    expect(findUnverifiedClaims(jwt({ scp: ['a'] }))?.scopes).toEqual(['a'])
  })

  test('give every scope of every scope claim', () => {
    const claims = findUnverifiedClaims(jwt({ scope: 'a', scp: ['b', 'a'], scopes: 'c d' }))
    expect(claims?.scopes).toEqual(['a', 'b', 'c', 'd'])
  })

  test.each([
    { exp: '9999999999' },
    { exp: null },
    { exp: 1e12 },
    { exp: -1 },
    { iat: '1' },
    { nbf: [1] },
    { scope: 1 },
    { scope: { admin: true } },
    { scope: null },
    { scope: 'a', scp: [['b']] },
    { scopes: ['a', 1] },
  ])('are refused if they are malformed: %o', (claims) => {
    expect(() => findUnverifiedClaims(jwt(claims))).toThrow(UpstreamInvalidError)
  })

  test('are undefined for opaque tokens, whatever these look like', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        findPayload(text)
        const claims = findPayload(jwt(value))
        if (typeof value !== 'object' || value === null || Array.isArray(value))
          expect(claims).toBeUndefined()
      }),
    )
  })
})

import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError } from '../../src/index.ts'
import { createTestIssuer, encode, goodClaims, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const { verify } = createVerifier(options)

describe('T6: claims are present and typed', () => {
  test.each([
    ['no exp', { exp: undefined }],
    ['exp as a string', { exp: '1800000060' }],
    ['a fraction of a second', { exp: NOW / 1000 + 0.5 }],
    ['exp in the year 30000000', { exp: 1e15 }],
    ['no iat', { iat: undefined }],
    ['iat 31 s ahead', { iat: NOW / 1000 + 31, exp: NOW / 1000 + 60 }],
    ['exp before iat', { iat: NOW / 1000 + 20, exp: NOW / 1000 + 20 }],
    ['a lifetime beyond the bound', { exp: NOW / 1000 + 367 * 86_400 }],
    ['no sub', { sub: undefined }],
    ['sub as a number', { sub: 1 }],
    ['no jti', { jti: undefined }],
    ['scope as a list', { scope: ['tiles:read'] }],
    ['not yet valid', { nbf: NOW / 1000 + 10 }],
  ])('%s is refused', async (_, claims) => {
    await expect(verify(issuer.sign(claims))).rejects.toThrow(InvalidTokenError)
  })

  test('exp of 1e309 is refused', async () => {
    const claims = JSON.stringify(goodClaims()).replace(/"exp":\d+/, '"exp":1e309')
    const header = encode({ alg: 'RS256', kid: 'k1' })
    await expect(verify(issuer.signSegments(header, encode(claims)))).rejects.toThrow(
      InvalidTokenError,
    )
  })

  test('iat 30 s ahead passes', async () => {
    const claims = { iat: NOW / 1000 + 30, exp: NOW / 1000 + 60 }
    await expect(verify(issuer.sign(claims))).resolves.toBeDefined()
  })
})

test('T7: iss and aud are compared exactly', async () => {
  for (const other of [`${ISSUER}/`, ISSUER.toUpperCase(), 'https://issuer', ''])
    for (const claim of ['iss', 'aud'])
      await expect(verify(issuer.sign({ [claim]: other }))).rejects.toThrow(InvalidTokenError)
  await expect(verify(issuer.sign({ aud: ['https://other.example'] }))).rejects.toThrow(
    InvalidTokenError,
  )
})

test('T8: other kinds of token are refused', async () => {
  for (const claims of [{ token_type: 'session' }, { token_type: undefined }, { typ: 'download' }])
    await expect(verify(issuer.sign(claims))).rejects.toThrow(InvalidTokenError)
})

describe('required claims', () => {
  const requiredClaims = { client_id: ['map', 'app'], org_id: 'org_1', mfa: true }
  const strict = createVerifier({ ...options, requiredClaims })

  test('pass with exactly these values', async () => {
    for (const client_id of ['map', 'app'])
      expect(await strict.verify(issuer.sign({ client_id, mfa: true }))).toBeDefined()
  })

  test.each([
    [{ mfa: true }],
    [{ client_id: 'map' }],
    [{ client_id: 'map', mfa: 'true' }],
    [{ client_id: ['map'], mfa: true }],
    [{ client_id: 'Map', mfa: true }],
    [{ client_id: 'map', mfa: true, org_id: 'org_2' }],
  ])('%j is refused', async (claims) => {
    await expect(strict.verify(issuer.sign(claims))).rejects.toThrow(InvalidTokenError)
  })
})

import { describe, expect, test } from 'vitest'
import { confirmBy, createVerifier, InvalidTokenError } from '../../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const verifier = createVerifier({
  issuer: ISSUER,
  audience: ISSUER,
  jwks: issuer.jwks,
  now: () => NOW,
})
const secret = 's'.repeat(43)
const bound = issuer.sign({ cnf: confirmBy(secret) })

describe('a token that is bound to a cookie', () => {
  test.each([
    ['that cookie', `__Host-tilepass=${secret}`],
    ['that cookie among others', `a=1; __Host-tilepass=${secret};b=__Host-tilepass=x`],
    [
      'that cookie and one that another host planted',
      `__Host-tilepass=x; __Host-tilepass=${secret}`,
    ],
  ])('is good with %s', async (_, cookie) => {
    await expect(verifier.verify(bound, { cookie })).resolves.toMatchObject({ sub: 'tok_1' })
  })

  test.each([
    ['no cookie', undefined],
    ['an empty cookie', '__Host-tilepass='],
    ['another secret', `__Host-tilepass=${'t'.repeat(43)}`],
    ['its hash, which the token tells', `__Host-tilepass=${confirmBy(secret)['cookie#S256']}`],
    ['the secret under another name', `tilepass=${secret}`],
    ['the secret in another case', `__host-tilepass=${secret}`],
    ['a part of the secret', `__Host-tilepass=${secret.slice(1)}`],
  ])('is refused with %s, also when it has been seen before', async (_, cookie) => {
    await verifier.verify(bound, { cookie: `__Host-tilepass=${secret}` })
    await expect(verifier.verify(bound, { cookie })).rejects.toThrow(InvalidTokenError)
  })

  test('can be read by those who say that they keep the binding', async () => {
    const claims = await verifier.verify(bound, { keepsBinding: true })
    expect(claims.cnf).toEqual(confirmBy(secret))
  })
})

test.each([
  { jkt: 'thumbprint' },
  { 'cookie#S256': 1 },
  { ...confirmBy(secret), jkt: 'thumbprint' },
  {},
  [],
  null,
  'cookie',
])('cnf: %j is a binding that nobody here can check: refused, not ignored', async (cnf) => {
  const token = issuer.sign({ cnf })
  const cookie = `__Host-tilepass=${secret}`
  for (const use of [{}, { cookie }, { keepsBinding: true }])
    await expect(verifier.verify(token, use)).rejects.toThrow(InvalidTokenError)
})

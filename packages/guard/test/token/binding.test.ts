import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError } from '../../src/index.ts'
import { confirmBy } from '../../src/token/binding.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const verifier = createVerifier(options)
const secret = 's'.repeat(43)
const hash = createHash('sha256').update(secret).digest('base64url')
const bound = issuer.sign({ cnf: { 'cookie#S256': hash } })

test('a confirmation is the SHA-256 of the secret in base64url', async () => {
  expect(await confirmBy(secret)).toEqual({ 'cookie#S256': hash })
})

const wrong: [string, string | undefined][] = [
  ['no cookie', undefined],
  ['an empty cookie', '__Host-tilepass='],
  ['another secret', `__Host-tilepass=${'t'.repeat(43)}`],
  ['its hash, which the token contains', `__Host-tilepass=${hash}`],
  ['the secret under another name', `tilepass=${secret}`],
  ['the secret under the name in another case', `__host-tilepass=${secret}`],
  ['a part of the secret', `__Host-tilepass=${secret.slice(1)}`],
]

describe('a token that is bound to a cookie', () => {
  test.each([
    ['that cookie', `__Host-tilepass=${secret}`],
    ['that cookie among others', `a=1; __Host-tilepass=${secret};b=__Host-tilepass=x`],
    [
      'that cookie and one that another host planted',
      `__Host-tilepass=x; __Host-tilepass=${secret}`,
    ],
  ])('is valid with %s, and is recalled with it', async (_, cookie) => {
    const fresh = createVerifier(options)
    await expect(fresh.verify(bound, { cookie })).resolves.toMatchObject({ sub: 'tok_1' })
    await expect(fresh.verify(bound, { cookie })).resolves.toMatchObject({ sub: 'tok_1' })
    expect(fresh.recall(bound, { cookie })).toMatchObject({ sub: 'tok_1' })
  })

  test.each(wrong)('is refused with %s, also if it was verified before', async (_, cookie) => {
    await expect(createVerifier(options).verify(bound, { cookie })).rejects.toThrow(
      InvalidTokenError,
    )
    await verifier.verify(bound, { cookie: `__Host-tilepass=${secret}` })
    await expect(verifier.verify(bound, { cookie })).rejects.toThrow(InvalidTokenError)
  })

  test.each(wrong)('is not recalled with %s', async (_, cookie) => {
    await verifier.verify(bound, { cookie: `__Host-tilepass=${secret}` })
    expect(verifier.recall(bound, { cookie })).toBeUndefined()
    expect(verifier.recall(bound, { cookie: `__Host-tilepass=${secret}` })).toBeDefined()
  })

  test('is not recalled before a cookie confirmed it, whoever read it', async () => {
    const fresh = createVerifier(options)
    const cookie = `__Host-tilepass=${secret}`
    await fresh.verify(bound, { enforcesBinding: true })
    await expect(fresh.verify(bound, { cookie: '__Host-tilepass=x' })).rejects.toThrow()
    expect(fresh.recall(bound, { cookie: '__Host-tilepass=x' })).toBeUndefined()
    expect(fresh.recall(bound, { cookie })).toBeUndefined()
    expect(fresh.recall(bound, { cookie, enforcesBinding: true })).toBeDefined()
    await fresh.verify(bound, { cookie })
    expect(fresh.recall(bound, { cookie })).toBeDefined()
  })

  test('is not recalled with the secret of another token', async () => {
    const second = 'u'.repeat(43)
    const other = issuer.sign({ jti: 'j2', cnf: await confirmBy(second) })
    await verifier.verify(bound, { cookie: `__Host-tilepass=${secret}` })
    await verifier.verify(other, { cookie: `__Host-tilepass=${second}` })
    expect(verifier.recall(other, { cookie: `__Host-tilepass=${secret}` })).toBeUndefined()
    expect(verifier.recall(bound, { cookie: `__Host-tilepass=${second}` })).toBeUndefined()
  })

  test('can be read by a caller that enforces the binding', async () => {
    const claims = await verifier.verify(bound, { enforcesBinding: true })
    expect(claims.cnf).toEqual({ 'cookie#S256': hash })
    expect(verifier.recall(bound, { enforcesBinding: true })).toEqual(claims)
  })
})

test.each([
  { jkt: 'thumbprint' },
  { 'cookie#S256': 1 },
  { 'cookie#S256': hash, jkt: 'thumbprint' },
  {},
  [],
  null,
  'cookie',
])('cnf: %j cannot be checked here: it is refused, not ignored', async (cnf) => {
  const token = issuer.sign({ cnf })
  const cookie = `__Host-tilepass=${secret}`
  for (const use of [{}, { cookie }, { enforcesBinding: true }])
    await expect(verifier.verify(token, use)).rejects.toThrow(InvalidTokenError)
})

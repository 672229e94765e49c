import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError, type IssuerOptions } from '../../src/index.ts'
import { NOW } from '../support/issuer.ts'
import { VENDOR_TOKENS } from '../support/vendor-tokens.ts'

const page = readFileSync(new URL('../../../../docs/guard/any-issuer.md', import.meta.url), 'utf8')
/** The options of each row of the table, as they stand there. */
const rows = new Map(
  [...page.matchAll(/^\| ([^|]+) \| `(\{ [^`]+ \})` \|/gm)].map(([, vendor = '', code = '']) => [
    vendor,
    { tokenType: null, ...(runInNewContext(`(${code})`) as IssuerOptions) },
  ]),
)

const keys = {
  RS256: await generateKeyPair('RS256'),
  ES256: await generateKeyPair('ES256'),
}

test('every row of the table is tested, and every test has its row', () => {
  expect([...rows.keys()]).toEqual(VENDOR_TOKENS.map(({ vendor }) => vendor))
})

describe.each(VENDOR_TOKENS)('with the options of the row $vendor', (token) => {
  const { vendor, algorithm = 'RS256', header, payload, claims, others } = token
  const options = rows.get(vendor) as IssuerOptions
  const { publicKey, privateKey } = keys[algorithm]
  const sign = (changes: object = {}, more: object = {}) =>
    new SignJWT({ ...payload, ...changes })
      .setProtectedHeader({ alg: algorithm, kid: 'k1', ...header, ...more })
      .sign(privateKey)
  const create = async () => {
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig' }
    // Entra publishes certificates and no `alg`, Keycloak a key for encryption beside the one for signatures.
    const keys = [
      { ...jwk, kid: 'enc', use: 'enc' },
      { ...jwk, x5c: ['MIIC'], x5t: 'a' },
    ]
    return createVerifier({ ...options, jwks: { keys }, now: () => NOW })
  }

  test('an access token passes', async () => {
    const { verify, recall } = await create()
    const access = await sign()
    expect(URL.canParse(String(options.jwks))).toBe(true)
    const verified = await verify(access)
    expect(verified).toMatchObject({ iss: payload.iss, exp: payload.exp })
    for (const [name, value] of Object.entries(claims))
      expect([name, Reflect.get(verified, name)]).toEqual([name, value])
    expect(recall(access)).toEqual(verified)
  })

  test.each(others)('a token with %j is refused', async (changes) => {
    const { verify } = await create()
    await expect(verify(await sign(changes))).rejects.toThrow(InvalidTokenError)
  })

  test('a token of another issuer, or that has ended, is refused', async () => {
    const { verify } = await create()
    await expect(verify(await sign({ iss: `${payload.iss}x` }))).rejects.toThrow(InvalidTokenError)
    const ended = { iat: NOW / 1000 - 300, nbf: undefined, exp: NOW / 1000 - 1 }
    await expect(verify(await sign(ended))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' })
  })
})

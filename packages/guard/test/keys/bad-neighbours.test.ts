import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, InvalidTokenError, KeysUnavailableError } from '../../src/index.ts'
import { importKeySet } from '../../src/keys/key-set.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen } from '../support/server.ts'

const issuer = createTestIssuer()
const other = createTestIssuer()
const [jwk = {}] = issuer.jwks.keys
const [rival = {}] = other.jwks.keys
const options = { issuer: ISSUER, audience: ISSUER, now: () => NOW }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

/** Entries that cannot be used, and what a refusal says about each. */
const bad: [string, unknown, RegExp][] = [
  ['an unknown kty', { kty: 'AKP', kid: 'k2', alg: 'ML-DSA-44', pub: 'AA' }, /it is not for RS256/],
  ['no kty', { kid: 'k2' }, /it is not for RS256/],
  ['an EC key', { ...ec, kid: 'k2' }, /it is not for RS256/],
  ['another alg', { ...jwk, kid: 'k2', alg: 'RS512' }, /it is not for RS256/],
  ['a key for encryption', { ...jwk, kid: 'k2', use: 'enc' }, /its "use" is not "sig"/],
  ['other key_ops', { ...jwk, kid: 'k2', key_ops: ['sign'] }, /"key_ops" do not include "verify"/],
  ['a broken modulus', { ...jwk, kid: 'k2', n: '!' }, /RSA modulus must have 2048/],
  ['no modulus', { ...jwk, kid: 'k2', n: undefined }, /malformed/],
  ['a short RSA key', { ...jwk, kid: 'k2', n: 'sXchDaQ' }, /RSA modulus must have 2048/],
  ['private members', { ...jwk, kid: 'k2', d: 'AA' }, /private members/],
  ['a symmetric key', { kty: 'oct', kid: 'k2', k: 'AA' }, /symmetric/],
  ['null', null, /not a JSON object/],
  ['a string', 'k2', /not a JSON object/],
  ['a list', [], /not a JSON object/],
  ['a kid that is a number', { ...jwk, kid: 2 }, /"kid" is malformed/],
  ['an empty kid', { ...jwk, kid: '' }, /"kid" is malformed/],
]

describe.each(bad)('%s in a key set', (_, entry, reason) => {
  test('spoils none of its neighbours, before or after them', async () => {
    for (const list of [
      [entry, jwk],
      [jwk, entry],
    ]) {
      const keys = list as (typeof jwk)[]
      const { verify } = createVerifier({ ...options, jwks: { keys } })
      await expect(verify(issuer.sign())).resolves.toMatchObject({ jti: 'j1' })
      const asked = verify(issuer.sign({}, { kid: 'k2' }))
      await expect(asked).rejects.toThrow(InvalidTokenError)
      const isNamed = Object(entry).kid === 'k2'
      const detail = isNamed ? expect.stringMatching(/key "k2" is skipped: /) : 'unknown kid'
      await expect(asked).rejects.toMatchObject({ detail })
      if (isNamed)
        await expect(asked).rejects.toMatchObject({ detail: expect.stringMatching(reason) })
    }
  })

  test('is named if no key is left', async () => {
    const { url, close } = await listen((_request, response) =>
      response.end(JSON.stringify({ keys: [entry] })),
    )
    onTestFinished(close)
    const { verify } = createVerifier({ ...options, jwks: `${url}/jwks.json` })
    const error = await verify(issuer.sign()).catch((refusal: unknown) => refusal)
    expect(error).toBeInstanceOf(KeysUnavailableError)
    expect(String(Object(error).cause)).toMatch(/^TypeError: the key set has no usable key: key /)
    expect(String(Object(error).cause)).toMatch(reason)
  })
})

describe('two entries with one kid', () => {
  test.each([
    ['identical', [jwk, jwk]],
    ['the same key, one with a certificate', [jwk, { ...jwk, x5c: ['MIIC'], use: undefined }]],
    ['the same key, one without alg', [{ ...jwk, alg: undefined }, jwk]],
    ['a key of another type', [{ ...ec, kid: 'k1' }, jwk]],
    ['a key of another algorithm', [{ ...rival, alg: 'RS512' }, jwk]],
  ])('%s: the key verifies', async (_, keys) => {
    for (const algorithms of [['RS256'], ['RS256', 'RS512'].slice(0, 1), ['RS256', 'ES256']]) {
      const { verify } = createVerifier({ ...options, algorithms, jwks: { keys } })
      await expect(verify(issuer.sign())).resolves.toBeDefined()
    }
  })

  test('the algorithm of the token chooses between keys of two algorithms', async () => {
    const keys = [{ ...rival, alg: 'RS512' }, jwk]
    const algorithms = ['RS256', 'RS512']
    const { verify } = createVerifier({ ...options, algorithms, jwks: { keys } })
    await expect(verify(issuer.sign())).resolves.toBeDefined()
    await expect(verify(issuer.sign({}, { alg: 'RS512' }))).rejects.toMatchObject({
      detail: 'signature verification failed',
    })
    await expect(verify(other.sign())).rejects.toThrow(InvalidTokenError)
  })

  test('two different keys are both refused, and the refusal says why; others verify', async () => {
    const third = createTestIssuer('k3')
    const keys = [jwk, rival, ...third.jwks.keys]
    const { verify } = createVerifier({ ...options, jwks: { keys } })
    for (const { sign } of [issuer, other])
      await expect(verify(sign())).rejects.toMatchObject({
        detail: expect.stringMatching(
          /^unknown kid; key "k1" is skipped: another RS256 key has the/,
        ),
      })
    await expect(verify(third.sign())).resolves.toBeDefined()
  })

  test('published with a rotation, do not hide the new key', async () => {
    const rotated = createTestIssuer('k2')
    const state = { now: NOW, keys: [jwk] }
    const { url, close } = await listen((_request, response) =>
      response.end(JSON.stringify({ keys: state.keys })),
    )
    onTestFinished(close)
    const jwks = `${url}/jwks.json`
    const { verify } = createVerifier({ ...options, jwks, now: () => state.now })
    await expect(verify(issuer.sign())).resolves.toBeDefined()
    state.keys = [jwk, jwk, rival, ...rotated.jwks.keys]
    state.now += 30_000
    await expect(verify(rotated.sign())).resolves.toBeDefined()
  })
})

test('the message shows nothing of a kid that a terminal obeys, and not every skipped key', async () => {
  const kid = '\u202e\x1b[2J'
  const short = Array.from({ length: 50 }, (_, index) => ({ ...jwk, kid: `${index}`, n: 'AA' }))
  const keys = [{ ...jwk, kid, n: 'AA' }, ...short]
  const foreign = { ...options, tokenType: null, jwks: { keys } }
  const asked = createVerifier(foreign).verify(issuer.sign({}, { kid: undefined }))
  const error = await asked.catch((refusal: unknown) => refusal)
  const { detail } = error as InvalidTokenError
  expect(detail).toMatch(
    /^no kid, and not exactly one key fits; key "\\u202e\\u001b\[2J" is skipped/,
  )
  expect(detail).toMatch(/; and 46 more$/)
})

test('nothing in a key set, in any form, spoils a good key or throws', async () => {
  const member = fc.oneof(
    fc.constantFrom('RSA', 'EC', 'sig', 'RS256', 'k2', 'AQAB'),
    fc.jsonValue(),
  )
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        kty: member,
        kid: fc.oneof(fc.constant('k2'), fc.jsonValue()),
        ...{
          alg: member,
          use: member,
          key_ops: member,
          n: member,
          e: member,
          crv: member,
          x: member,
        },
      },
      { requiredKeys: [] },
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 3 }), async (entries) => {
      const { keys } = await importKeySet({ keys: [...entries, jwk, ...entries] }, [
        'RS256',
        'ES256',
      ])
      expect(keys.map(({ keyId }) => keyId)).toContain('k1')
    }),
  )
})

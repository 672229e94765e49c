import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError } from '../../src/index.ts'
import { importKeySet } from '../../src/keys/key-set.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const [jwk = {}] = issuer.jwks.keys
const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const importOne = async (change: object, algorithms = ['RS256']) =>
  (await importKeySet({ keys: [{ ...jwk, ...change }] }, algorithms)).keys[0]

/** A modulus of so many bits; whether it is a product of two primes does not matter here. */
const modulusOf = (bits: number) => {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  bytes[0] = 0xff >> (bytes.length * 8 - bits)
  return bytes.toString('base64url')
}

describe('T3: a key that is not used', () => {
  test.each([
    ['is for encryption', { use: 'enc' }],
    ['is for signing only', { key_ops: ['sign'] }],
    ['is for no operation', { key_ops: [] }],
    ['is for encryption, by its operations', { use: undefined, key_ops: ['encrypt', 'wrapKey'] }],
    ['has malformed operations', { key_ops: 'verify' }],
    ['has another algorithm', { alg: 'RS512' }],
    ['is too short', { n: 'sXchDaQ' }],
    ['has the exponent 0', { e: 'AA' }],
  ])('%s', async (_, change) => {
    const other = createVerifier({ ...options, jwks: { keys: [{ ...jwk, ...change }] } })
    await expect(other.verify(issuer.sign())).rejects.toThrow(InvalidTokenError)
  })
})

test.each([{ key_ops: ['verify'] }, { use: undefined, key_ops: ['sign', 'verify'] }])(
  'T3: a key that may verify is used: %j',
  async (change) => {
    const other = createVerifier({ ...options, jwks: { keys: [{ ...jwk, ...change }] } })
    await expect(other.verify(issuer.sign())).resolves.toBeDefined()
  },
)

describe('T10: RSA keys', () => {
  test.each([
    [2047, false],
    [2048, true],
    [4096, true],
    [8192, true],
    [8193, false],
  ])('of %i bits are used: %s', async (bits, isUsed) => {
    expect((await importOne({ n: modulusOf(bits) })) !== undefined).toBe(isUsed)
  })

  test('are not made longer by leading zeros', async () => {
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(modulusOf(1024), 'base64url')])
    expect(await importOne({ n: padded.toString('base64url') })).toBeUndefined()
  })

  test.each([
    ['AA', false],
    ['AQ', false],
    ['Ag', false],
    ['Aw', true],
    ['AQAB', true],
    ['AQAC', false],
    ['AQAAAAE', false],
  ])('with the exponent %s are used: %s', async (e, isUsed) => {
    expect((await importOne({ e })) !== undefined).toBe(isUsed)
  })
})

test('a key without alg takes the configured algorithm, if exactly one fits', async () => {
  expect(await importOne({ alg: undefined })).toMatchObject({ algorithm: 'RS256' })
  expect(await importOne({ alg: undefined }, ['ES256', 'PS384'])).toMatchObject({
    algorithm: 'PS384',
  })
  expect(await importOne({ alg: undefined }, ['RS256', 'PS256'])).toBeUndefined()
})

test('T10: a key whose private members are published is not used', async () => {
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
    expect(await importOne({ [name]: 'AA' })).toBeUndefined()
})

test('a malformed key is left out, wherever it stands, and its neighbours verify', async () => {
  const algorithms = ['RS256', 'ES256', 'EdDSA']
  const malformed = [
    { kty: 'EC', kid: 'bad', crv: 'P-256', x: 'AA', y: 'AA' },
    { kty: 'EC', kid: 'bad', crv: 'P-256', x: 'AA' },
    { kty: 'OKP', kid: 'bad', crv: 'Ed25519', x: '!' },
    // It does not even occupy its kid.
    { kty: 'EC', kid: 'k1', crv: 'P-256', x: 'AA', y: 'AA' },
  ]
  for (const bad of malformed)
    for (const keys of [
      [bad, ...issuer.jwks.keys],
      [...issuer.jwks.keys, bad],
    ]) {
      const { verify } = createVerifier({ ...options, algorithms, jwks: { keys } })
      await expect(verify(issuer.sign())).resolves.toMatchObject({ sub: 'tok_1' })
      await expect(verify(issuer.sign({}, { kid: 'bad' }))).rejects.toThrow(InvalidTokenError)
    }
})

import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  createVerifier,
  InvalidTokenError,
  TileNotPermittedError,
  TokenExpiredError,
} from '../../src/index.ts'
import { createTestIssuer, encode, goodClaims, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const { verify } = createVerifier(options)

test('a good token gives its claims', async () => {
  expect(await verify(issuer.sign({ parent: 'tok_0' }))).toEqual({
    ...goodClaims(),
    parent: 'tok_0',
  })
})

describe('T2: the algorithm comes from the configuration', () => {
  test('none, and an HMAC with the public key as its secret, are refused', async () => {
    const none = `${encode({ alg: 'none', kid: 'k1' })}.${encode(goodClaims())}.AAAA`
    const input = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode(goodClaims())}`
    const pem = issuer.publicKey.export({ format: 'pem', type: 'spki' })
    const confused = `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
    await expect(verify(none)).rejects.toThrow(InvalidTokenError)
    await expect(verify(confused)).rejects.toThrow(InvalidTokenError)
  })

  test('a header that names another algorithm of the same key is refused', async () => {
    await expect(verify(issuer.sign({}, { alg: 'RS512' }))).rejects.toThrow(InvalidTokenError)
    await expect(verify(issuer.sign({}, { alg: 'PS256' }))).rejects.toThrow(InvalidTokenError)
  })

  test('secret algorithms cannot be configured', () => {
    for (const algorithms of [['HS256'], ['none'], [], ['toString']])
      expect(() => createVerifier({ ...options, algorithms })).toThrow(TypeError)
  })
})

describe('T3: kid is looked up', () => {
  test('an unknown kid, and names of Object.prototype, are refused', async () => {
    for (const kid of ['k2', '__proto__', 'constructor', '../k1'])
      await expect(verify(issuer.sign({}, { kid }))).rejects.toThrow(InvalidTokenError)
  })

  test('keys for encryption, of other algorithms, or too short are not used', async () => {
    const [jwk] = issuer.jwks.keys
    for (const change of [{ use: 'enc' }, { alg: 'RS512' }, { n: 'sXchDaQ' }, { e: 'AA' }]) {
      const other = createVerifier({ ...options, jwks: { keys: [{ ...jwk, ...change }] } })
      await expect(other.verify(issuer.sign())).rejects.toThrow(InvalidTokenError)
    }
  })
})

test('a malformed key is left out, wherever it stands, and its neighbours verify', async () => {
  const algorithms = ['RS256', 'ES256', 'EdDSA']
  const malformed = [
    { kty: 'EC', kid: 'bad', crv: 'P-256', x: 'AA', y: 'AA' },
    { kty: 'EC', kid: 'bad', crv: 'P-256', x: 'AA' },
    { kty: 'OKP', kid: 'bad', crv: 'Ed25519', x: '!' },
    // Not even its kid is taken.
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

test('T5: a signed token with a critical extension is refused', async () => {
  for (const header of [
    { crit: ['tiles'], tiles: true },
    { crit: ['exp'], exp: 1 },
    { crit: ['tiles', 'exp'], tiles: true, exp: 1 },
    { crit: ['tiles'] },
    { crit: ['tiles'], tiles: 'true' },
    { crit: [], tiles: true },
    { crit: 'tiles', tiles: true },
  ])
    await expect(verify(issuer.sign({}, header), { keepsTileClaims: true })).rejects.toThrow(
      InvalidTokenError,
    )
})

describe('a token that is restricted to some tiles', () => {
  const tiles = { tilesets: ['world'], maxzoom: 3 }

  test('is refused by who does not keep the restriction', async () => {
    await expect(verify(issuer.signTiles(tiles))).rejects.toThrow(TileNotPermittedError)
    await expect(verify(issuer.sign({ tiles }))).rejects.toThrow(TileNotPermittedError)
  })

  test('passes where it is kept, remembered or not, and says what it is restricted to', async () => {
    const token = issuer.signTiles(tiles)
    for (let count = 0; count < 2; count++)
      expect(await verify(token, { keepsTileClaims: true })).toMatchObject({ tiles })
    await expect(verify(token)).rejects.toThrow(TileNotPermittedError)
  })

  test('is refused with a restriction that cannot be read', async () => {
    for (const unknown of [{}, null, true, { tilesets: [] }, { ...tiles, layers: ['a'] }])
      for (const token of [issuer.signTiles(unknown), issuer.sign({ tiles: unknown })])
        await expect(verify(token, { keepsTileClaims: true })).rejects.toThrow(InvalidTokenError)
  })
})

describe('several issuers at once', () => {
  const other = createTestIssuer()
  const second = 'https://second.example'
  const both = createVerifier({
    issuers: [
      { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks },
      { issuer: second, audience: 'tiles', jwks: other.jwks, tokenType: null, type: 'at+jwt' },
    ],
    now: () => NOW,
  })
  const claims = { iss: second, aud: 'tiles', token_type: undefined }
  const ofSecond = (payload = {}, header = {}) =>
    other.sign({ ...claims, ...payload }, { typ: 'at+jwt', ...header })

  test('each has its own keys and rules', async () => {
    expect(await both.verify(issuer.sign())).toMatchObject({ iss: ISSUER })
    expect(await both.verify(ofSecond())).toMatchObject({ iss: second })
    await expect(both.verify(issuer.sign({ token_type: undefined }))).rejects.toThrow(
      InvalidTokenError,
    )
    await expect(both.verify(ofSecond({ aud: ISSUER }))).rejects.toThrow(InvalidTokenError)
  })

  test('a key of one does not sign for another, though both call it alike', async () => {
    await expect(both.verify(issuer.sign(claims, { typ: 'at+jwt' }))).rejects.toThrow(
      InvalidTokenError,
    )
    await expect(both.verify(other.sign())).rejects.toThrow(InvalidTokenError)
  })

  test('T7: an issuer that nobody named is refused', async () => {
    for (const iss of ['https://third.example', `${second}/`, undefined, 1, '__proto__'])
      await expect(both.verify(ofSecond({ iss }))).rejects.toThrow(InvalidTokenError)
  })

  test('T8: another typ than the required one is refused', async () => {
    for (const typ of ['JWT', undefined, 'AT+JWT'])
      await expect(both.verify(ofSecond({}, { typ }))).rejects.toThrow(InvalidTokenError)
  })

  test('the same one twice, or none, is refused at once', () => {
    const one = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks }
    expect(() => createVerifier({ issuers: [one, one] })).toThrow(TypeError)
    expect(() => createVerifier({ issuers: [] })).toThrow(TypeError)
  })
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
    ['not valid yet', { nbf: NOW / 1000 + 10 }],
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

test('a token of another key with the same kid is refused', async () => {
  await expect(verify(createTestIssuer().sign())).rejects.toThrow(InvalidTokenError)
})

describe('time', () => {
  test('a token ends one second after exp, remembered or not', async () => {
    let now = NOW
    const clocked = createVerifier({ ...options, now: () => now })
    const token = issuer.sign()
    await clocked.verify(token)
    now = NOW + 60_999
    await expect(clocked.verify(token)).resolves.toBeDefined()
    now = NOW + 61_000
    await expect(clocked.verify(token)).rejects.toThrow(TokenExpiredError)
    await expect(clocked.verify(issuer.sign())).rejects.toThrow(TokenExpiredError)
  })
})

describe('the memory of verified tokens', () => {
  test('a revocation beats it', async () => {
    const revoked = new Set<string>()
    const { verify } = createVerifier({ ...options, isRevoked: ({ sub }) => revoked.has(sub) })
    const token = issuer.sign()
    await verify(token)
    revoked.add('tok_1')
    await expect(verify(token)).rejects.toThrow(InvalidTokenError)
  })

  test('two tokens with one signature or one payload do not share an entry', async () => {
    const token = issuer.sign()
    await verify(token)
    const [header, payload, signature] = token.split('.')
    const forged = encode({ ...goodClaims(), scope: 'admin:access' })
    await expect(verify(`${header}.${forged}.${signature}`)).rejects.toThrow(InvalidTokenError)
    await expect(verify(`${header}.${payload}.${'A'.repeat(342)}`)).rejects.toThrow(
      InvalidTokenError,
    )
  })

  test('what cannot be asked is not assumed', async () => {
    const isRevoked = () => Promise.reject(new Error('the store is down'))
    await expect(createVerifier({ ...options, isRevoked }).verify(issuer.sign())).rejects.toThrow(
      'down',
    )
  })
})

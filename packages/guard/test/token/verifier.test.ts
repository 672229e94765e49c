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
const { verify, recall } = createVerifier(options)

test('a valid token gives its claims', async () => {
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

  test('algorithms with a shared secret cannot be configured', () => {
    for (const algorithms of [['HS256'], ['none'], [], ['toString']])
      expect(() => createVerifier({ ...options, algorithms })).toThrow(TypeError)
  })
})

test('T3: an unknown kid, and names of Object.prototype, are refused', async () => {
  for (const kid of ['k2', '__proto__', 'constructor', '../k1'])
    await expect(verify(issuer.sign({}, { kid }))).rejects.toThrow(InvalidTokenError)
})

test('a token of another key with the same kid is refused', async () => {
  await expect(verify(createTestIssuer().sign())).rejects.toThrow(InvalidTokenError)
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
    await expect(verify(issuer.sign({}, header), { enforcesTileClaims: true })).rejects.toThrow(
      InvalidTokenError,
    )
})

describe('a token that is restricted to some tiles', () => {
  const tiles = { tilesets: ['world'], maxzoom: 3 }

  test('is refused for a caller that does not enforce the restriction', async () => {
    await expect(verify(issuer.signTiles(tiles))).rejects.toThrow(TileNotPermittedError)
    await expect(verify(issuer.sign({ tiles }))).rejects.toThrow(TileNotPermittedError)
  })

  test('passes for a caller that enforces it, remembered or not, with the restriction', async () => {
    const token = issuer.signTiles(tiles)
    for (let count = 0; count < 2; count++)
      expect(await verify(token, { enforcesTileClaims: true })).toMatchObject({ tiles })
    expect(recall(token, { enforcesTileClaims: true })).toMatchObject({ tiles })
    await expect(verify(token)).rejects.toThrow(TileNotPermittedError)
    expect(recall(token)).toBeUndefined()
  })

  test('is refused if the restriction is invalid', async () => {
    for (const unknown of [{}, null, true, { tilesets: [] }, { ...tiles, layers: ['a'] }])
      for (const token of [issuer.signTiles(unknown), issuer.sign({ tiles: unknown })])
        await expect(verify(token, { enforcesTileClaims: true })).rejects.toThrow(InvalidTokenError)
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

  test('a key of one does not sign for another, though both have the same kid', async () => {
    await expect(both.verify(issuer.sign(claims, { typ: 'at+jwt' }))).rejects.toThrow(
      InvalidTokenError,
    )
    await expect(both.verify(other.sign())).rejects.toThrow(InvalidTokenError)
  })

  test('T7: an issuer that is not configured is refused', async () => {
    for (const iss of ['https://third.example', `${second}/`, undefined, 1, '__proto__'])
      await expect(both.verify(ofSecond({ iss }))).rejects.toThrow(InvalidTokenError)
  })

  test('T8: any typ but the required one is refused', async () => {
    for (const typ of ['JWT', undefined, 'jwt'])
      await expect(both.verify(ofSecond({}, { typ }))).rejects.toThrow(InvalidTokenError)
  })

  test('the same issuer twice, or no issuer, is refused at construction', () => {
    const one = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks }
    expect(() => createVerifier({ issuers: [one, one] })).toThrow(TypeError)
    expect(() => createVerifier({ issuers: [] })).toThrow(TypeError)
  })
})

test('the detail of a refusal names the broken rule, and what was expected of a setting', async () => {
  const strict = createVerifier({
    ...options,
    type: 'at+jwt',
    requiredClaims: { client_id: 'map' },
  })
  const typ = 'at+jwt'
  for (const [token, detail] of [
    [
      issuer.sign({ iss: 'https://else.example' }, { typ }),
      `issuer mismatch: expected "${ISSUER}", got "https://else.example"`,
    ],
    [
      issuer.sign({ aud: 'https://else.example' }, { typ }),
      `audience mismatch: expected "${ISSUER}", got "https://else.example"`,
    ],
    [
      issuer.sign({ token_type: 'session' }, { typ }),
      'token_type mismatch: expected "api_token", got "session"',
    ],
    [issuer.sign({ typ: 'download' }, { typ }), 'unexpected typ claim'],
    [issuer.sign({ client_id: 'else' }, { typ }), 'claim client_id mismatch'],
    [issuer.sign(), 'typ mismatch: expected "at+jwt", got "JWT"'],
    [issuer.sign({}, { typ, alg: 'RS512' }), 'algorithm mismatch: expected "RS256", got "RS512"'],
    [issuer.sign({}, { typ, kid: 'k2' }), 'unknown kid'],
    [createTestIssuer().sign({}, { typ }), 'signature verification failed'],
  ] as const)
    await expect(strict.verify(token)).rejects.toMatchObject({ detail })
})

test('the detail shows little of a foreign value, and nothing that a terminal obeys', async () => {
  const verifier = createVerifier(options)
  const iss = `\u202e\x1b[2J\n${'x'.repeat(500)}`
  const error = await verifier.verify(issuer.sign({ iss })).catch((refusal: unknown) => refusal)
  const detail = String(Reflect.get(Object(error), 'detail'))
  expect(detail).toMatch(
    /^issuer mismatch: expected "https:[\w./]*", got "\\u202e\\u001b\[2J\\nx+ \.\.\.$/,
  )
  expect(detail.length).toBeLessThan(220)
  const none = await verifier.verify(issuer.sign({ iss: undefined })).catch((e: unknown) => e)
  expect(none).toMatchObject({ detail: expect.stringContaining('got nothing') })
})

test('the detail shows no token that a claim holds', async () => {
  const inner = issuer.sign()
  const error = await createVerifier(options)
    .verify(issuer.sign({ iss: `https://a.example/${inner}` }))
    .catch((refusal: unknown) => refusal)
  const detail = String(Reflect.get(Object(error), 'detail'))
  expect(detail).toContain('got "https://a.example/[redacted]"')
})

describe('time', () => {
  test('a token ends one second after exp, remembered or not', async () => {
    let now = NOW
    const clocked = createVerifier({ ...options, now: () => now })
    const token = issuer.sign()
    await clocked.verify(token)
    now = NOW + 60_999
    await expect(clocked.verify(token)).resolves.toBeDefined()
    expect(clocked.recall(token)).toBeDefined()
    now = NOW + 61_000
    expect(clocked.recall(token)).toBeUndefined()
    await expect(clocked.verify(token)).rejects.toThrow(TokenExpiredError)
    await expect(clocked.verify(issuer.sign())).rejects.toThrow(TokenExpiredError)
  })
})

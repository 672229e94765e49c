import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import {
  createBudgets,
  createVerifier,
  forwardAuth,
  InvalidTokenError,
  type TokenClaims,
  type VerifierOptions,
} from '../../src/index.ts'
import { startBudgets } from '../support/budgets.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen, send } from '../support/server.ts'

const issuer = createTestIssuer()
const options = {
  ...{ issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, tokenType: null, now: () => NOW },
} satisfies VerifierOptions
const { verify } = createVerifier(options)
/** Signs a token that has only what every token must have, and these claims. */
const sign = (claims: object = {}, header: object = {}) =>
  issuer.sign(
    {
      ...{ sub: undefined, jti: undefined, iat: undefined, scope: undefined },
      ...{ token_type: undefined, org_id: undefined, ...claims },
    },
    { ...header },
  )

describe('claims that a token of another issuer lacks', () => {
  test('the minimum is iss, aud and exp', async () => {
    expect(await verify(sign())).toEqual({
      ...{ iss: ISSUER, aud: ISSUER, exp: NOW / 1000 + 60, scope: '' },
      jti: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('the types say what may be absent', () => {
    expectTypeOf<TokenClaims['sub']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<TokenClaims['iat']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<TokenClaims['aud']>().toEqualTypeOf<string | readonly string[] | undefined>()
    expectTypeOf<TokenClaims['jti']>().toEqualTypeOf<string>()
  })

  test.each([
    [{ client_id: 'a', azp: 'b' }, 'a'],
    [{ azp: 'b', appid: 'c' }, 'b'],
    [{ appid: 'c' }, 'c'],
    [{ cid: 'd' }, 'd'],
    [{ client_id: 1, azp: '' }, undefined],
  ])('the client of %j is %s', async (claims, client) => {
    expect((await verify(sign(claims))).client_id).toBe(client)
  })

  test('both forms of an ECDSA signature have one id', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1' }
    const ecdsa = createVerifier({ ...options, algorithms: ['ES256'], jwks: { keys: [jwk] } })
    const token = await new SignJWT({ iss: ISSUER, aud: ISSUER, exp: NOW / 1000 + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .sign(privateKey)
    const [head, body, signature = ''] = token.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    const high = Buffer.from(s.toString(16).padStart(64, '0'), 'hex')
    const twin = Buffer.concat([bytes.subarray(0, 32), high]).toString('base64url')
    const [one, other] = [await ecdsa.verify(token), await ecdsa.verify(`${head}.${body}.${twin}`)]
    expect(twin).not.toBe(signature)
    expect(other.jti).toBe(one.jti)
  })

  test('without iat, a lifetime counts from now', async () => {
    const short = createVerifier({ ...options, maxLifetime: 60_000 })
    await expect(short.verify(sign({ exp: NOW / 1000 + 60 }))).resolves.toBeDefined()
    await expect(short.verify(sign({ exp: NOW / 1000 + 61 }))).rejects.toThrow(InvalidTokenError)
  })

  test('scopes of scope and scp, strings and lists, are one list', async () => {
    const claims = { scope: 'a b', scp: ['b', 'c d', ''] }
    expect((await verify(sign(claims))).scope).toBe('a b c d')
  })

  test('a gateway gets no subject, not the client in its place', async () => {
    const handler = forwardAuth({ ...options, peers: ['loopback'] })
    const { url, close } = await listen((request, response) => void handler(request, response))
    onTestFinished(close)
    const { status, headers } = await send(url, {
      authorization: `Bearer ${sign({ client_id: 'admin', scp: ['tiles:read'] })}`,
      'x-original-uri': '/a.png',
      'x-original-method': 'GET',
    })
    expect(status).toBe(204)
    expect(headers).toMatchObject({ 'x-tilepass-subject': '', 'x-tilepass-scope': 'tiles:read' })
  })

  test('a revoked session ends a token without iat, once its issuer says so', async () => {
    const isRevoked = ({ sid }: TokenClaims) => sid === 's1'
    const revoking = createVerifier({ ...options, isRevoked })
    await expect(revoking.verify(sign({ sid: 's1' }))).rejects.toThrow(InvalidTokenError)
    await expect(revoking.verify(sign({ sid: 's2' }))).resolves.toBeDefined()
  })
})

describe('budgets of tokens without', () => {
  test('jti: every token has its own, however often it is verified', async () => {
    const budgets = createBudgets({ tilesPerToken: 1, now: () => NOW })
    const forgetful = createVerifier({ ...options, cacheSize: 0 })
    const [one, other] = [sign({ azp: 'map' }), sign({ azp: 'map', exp: NOW / 1000 + 61 })]
    for (const token of [one, other]) {
      await budgets.consume(await forgetful.verify(token), true)
      const claims = await forgetful.verify(token)
      expect(() => budgets.consume(claims, true)).toThrow(/budget|limit/i)
    }
  })

  test('org_id: a day counts the subject, else the client, of each issuer', async () => {
    const { consume } = startBudgets({ tilesPerDay: 2 })
    const nobody = { org_id: undefined, sub: undefined } as object
    const who = (claims: object) => ({ ...nobody, ...claims })
    expect(await consume(3, who({ sub: 'ada' }))).toBe(2)
    expect(await consume(3, who({ sub: 'ada', jti: 'renewed' }))).toBe(0)
    expect(await consume(3, who({ sub: 'bob' }))).toBe(2)
    expect(await consume(3, who({ sub: 'ada', iss: 'https://other.example' }))).toBe(2)
    expect(await consume(3, who({ client_id: 'map' }))).toBe(2)
    expect(await consume(3, who({}))).toBe(2)
    expect(await consume(3, who({ jti: 'another' }))).toBe(0)
  })
})

describe('a token without kid', () => {
  const bare = { kid: undefined }
  const [jwk = {}] = issuer.jwks.keys
  const second = createTestIssuer('k2').jwks.keys
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

  test.each([
    ['the only key', [jwk], true],
    ['the only key, which has no kid either', [{ ...jwk, kid: undefined }], true],
    ['the only key of its algorithm', [{ ...ec, kid: 'e' }, jwk], true],
    ['the only one for signatures', [{ ...second[0], use: 'enc' }, jwk], true],
    ['one key that is published twice', [jwk, { ...jwk, kid: 'k2' }], true],
    ['one of two', [jwk, ...second], false],
  ])('gets %s', async (_, keys, isAccepted) => {
    const algorithms = ['RS256', 'ES256']
    const verifier = createVerifier({ ...options, algorithms, jwks: { keys } })
    const token = sign({}, bare)
    const asked = verifier.verify(token)
    if (!isAccepted) return expect(asked).rejects.toThrow(InvalidTokenError)
    await expect(asked).resolves.toBeDefined()
    expect(verifier.recall(token)).toBeDefined()
  })

  test('passes with the new key as soon as the issuer has replaced the old one', async () => {
    const renewed = createTestIssuer()
    const state = { now: NOW, keys: issuer.jwks.keys, requests: 0 }
    const { url, close } = await listen((_request, response) => {
      state.requests++
      response.end(JSON.stringify({ keys: state.keys }))
    })
    onTestFinished(close)
    const remote = createVerifier({ ...options, jwks: `${url}/jwks.json`, now: () => state.now })
    const old = sign({}, bare)
    await expect(remote.verify(old)).resolves.toBeDefined()
    state.keys = renewed.jwks.keys
    state.now += 30_000
    await expect(remote.verify(renewed.sign({ typ: 'Bearer' }, bare))).resolves.toBeDefined()
    await expect(remote.verify(old)).rejects.toThrow(InvalidTokenError)
    for (let count = 0; count < 20; count++)
      await expect(remote.verify(sign({ jti: `${count}` }, bare))).rejects.toThrow(
        InvalidTokenError,
      )
    expect(state.requests).toBe(2)
  })

  test('is refused where tokens are our own', async () => {
    const own = createVerifier({ ...options, tokenType: 'api_token' })
    await expect(own.verify(issuer.sign({}, bare))).rejects.toMatchObject({
      detail: 'kid must be a non-empty string',
    })
  })
})

describe('the option audience', () => {
  test('null needs requiredClaims, and an issuer that is not ours', () => {
    const none = { ...options, audience: null }
    expect(() => createVerifier(none)).toThrow(/^"audience: null" requires "requiredClaims"/)
    expect(() => createVerifier({ ...none, requiredClaims: {} })).toThrow(TypeError)
    const requiredClaims = { client_id: 'map' }
    expect(() => createVerifier({ ...none, requiredClaims, tokenType: 'api_token' })).toThrow(
      /^"audience: null" requires "tokenType: null"/,
    )
    expect(() => createVerifier({ ...none, requiredClaims })).not.toThrow()
  })

  test('null passes tokens with and without aud, if they have the required claims', async () => {
    const requiredClaims = { client_id: 'map' }
    const any = createVerifier({ ...options, audience: null, requiredClaims })
    for (const aud of [undefined, 'elsewhere', ['a', 'b']])
      await expect(any.verify(sign({ aud, client_id: 'map' }))).resolves.toBeDefined()
    for (const claims of [{ client_id: 'x' }, {}, { client_id: 'map', aud: 1 }])
      await expect(any.verify(sign({ aud: undefined, ...claims }))).rejects.toThrow(
        InvalidTokenError,
      )
  })
})

test('a required claim replaces the judgement of the guard about that claim', async () => {
  const odd = createVerifier({ ...options, requiredClaims: { typ: 'tile-pass' } })
  await expect(odd.verify(sign({ typ: 'tile-pass' }))).resolves.toBeDefined()
  await expect(odd.verify(sign({ typ: 'Bearer' }))).rejects.toThrow(InvalidTokenError)
  await expect(odd.verify(sign({ typ: 'tile-pass', at_hash: 'x' }))).rejects.toThrow(
    InvalidTokenError,
  )
})

test('a token that lists many groups may have 8 KiB', async () => {
  const groups = Array.from({ length: 150 }, (_, index) => `00000000-0000-0000-0000-${index}`)
  const token = sign({ groups })
  expect(token.length).toBeGreaterThan(4096)
  await expect(verify(token)).resolves.toBeDefined()
})

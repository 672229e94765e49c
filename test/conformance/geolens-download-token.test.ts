import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { readClaims } from '../support/brokers/broker-under-test.ts'
import {
  ABSENT,
  COG,
  PRIVATE,
  PUBLIC,
  readProblem,
  startGeolensBroker,
} from '../support/brokers/geolens-broker.ts'

describe('POST /auth/download-token/{id}', () => {
  test('anyone gets a token of 120 s without a name for a public dataset', async () => {
    const { mint, clock } = await startGeolensBroker()
    const response = await mint(PUBLIC)
    const body = await response.json()
    expect([response.status, body]).toEqual([200, { token: expect.any(String), expires_in: 120 }])
    expect(response.headers.get('cache-control')).toBe('no-store')
    const claims = readClaims(body.token)
    expect(claims).toMatchObject({ typ: 'download', scope: `dataset:${PUBLIC}` })
    expect(claims).toMatchObject({ iat: clock.now / 1000, exp: clock.now / 1000 + 120 })
    expect(claims).not.toHaveProperty('sub')
    expect(claims).not.toHaveProperty('username')
  })

  test('the token names the account, however the account authenticated', async () => {
    const { mintToken, createKey, addAccount, signIn, post, cli } = await startGeolensBroker()
    await addAccount('city', 'correct horse')
    const added = await cli('dataset', 'add', 'map', COG, '--account', 'city')
    const id = added.out.trim()
    const session = await signIn('city', 'correct horse')
    const key = await createKey('city')
    const tokens = [
      await mintToken(id, bearer(session)),
      await mintToken(id, bearer(key)),
      await mintToken(id, { 'x-api-key': key }),
      (await (await post(`/auth/download-token/${id}?api_key=${key}`)).json()).token,
    ]
    for (const token of tokens)
      expect(readClaims(token)).toMatchObject({ sub: 'usr_city', username: 'city' })
  })

  test('C1: a private and an absent dataset get the same 404, without credentials and for another account', async () => {
    const { mint, createKey, cli } = await startGeolensBroker()
    await cli('account', 'create', 'other')
    const key = { 'x-api-key': await createKey('other') }
    const answers = await Promise.all(
      [mint(PRIVATE), mint(ABSENT), mint(PRIVATE, key), mint(ABSENT, key)].map(async (answer) =>
        readProblem(await answer),
      ),
    )
    for (const answer of answers) expect(answer).toEqual([404, 'Not Found', 'Dataset not found'])
  })

  test('an invalid credential is 401, even for a public dataset', async () => {
    const { mint, createKey, cli, post, clock, mintToken } = await startGeolensBroker()
    const revoked = await createKey()
    await cli('token', 'revoke', String(readClaims(revoked).sub))
    const short = await createKey('demo', '--expires-in', '10s')
    clock.now += 20_000
    const access = (await (await post('/map-token')).json()).access_token
    const other = await mintToken(PUBLIC)
    const bad: Record<string, string>[] = [
      bearer('nonsense'),
      { authorization: 'Basic dTpw' },
      { 'x-api-key': '' },
      { 'x-api-key': 'nonsense' },
      ...[revoked, short, access, other].flatMap((token) => [
        bearer(token),
        { 'x-api-key': token },
      ]),
    ]
    for (const headers of bad)
      expect(await readProblem(await mint(PUBLIC, headers)), JSON.stringify(headers)).toEqual([
        401,
        'Unauthorized',
        'Not authenticated',
      ])
    for (const query of ['?api_key=', '?api_key=x', '?api_key=x&api_key=x'])
      expect((await mint(`${PUBLIC}${query}`)).status).toBe(401)
  })

  test('a read-only API token downloads but makes no download token', async () => {
    const { mint, createKey, download } = await startGeolensBroker()
    const key = { 'x-api-key': await createKey('demo', '--read-only') }
    expect(await readProblem(await mint(PRIVATE, key))).toEqual([
      403,
      'Forbidden',
      'This API key is read-only',
    ])
    const response = await download(PRIVATE, '', { headers: key, method: 'HEAD' })
    expect(response.status).toBe(200)
  })

  test('X12: a download token ends no later than the token or session that asks for it', async () => {
    const { mint, createKey, addAccount, signIn, clock, cli } = await startGeolensBroker()
    await addAccount('city', 'correct horse')
    const id = (await cli('dataset', 'add', 'map', COG, '--account', 'city')).out.trim()
    const session = await signIn('city', 'correct horse')
    const key = await createKey('city', '--expires-in', '30s')
    const sessionEnd = Number(readClaims(session).exp)
    const ask = async (token: string) => {
      const response = await mint(id, bearer(token))
      const body = await response.json()
      return [response.status, body.expires_in, body.token && readClaims(body.token).exp]
    }
    const end = Number(readClaims(key).exp)
    expect(await ask(key)).toEqual([200, 30, end])
    clock.now = (end - 1) * 1000
    expect(await ask(key)).toEqual([200, 1, end])
    clock.now = (sessionEnd - 120) * 1000
    expect(await ask(session)).toEqual([200, 120, sessionEnd])
    clock.now = (sessionEnd - 7) * 1000
    expect(await ask(session)).toEqual([200, 7, sessionEnd])
    // Within the leeway the session is accepted, but has no lifetime left to hand on.
    clock.now = sessionEnd * 1000
    expect(await ask(session)).toEqual([401, undefined, undefined])
  })

  test.each(['x', '1', `${PUBLIC}0`, 'urn:uuid:1', '%00', '..%2f..'])(
    'the id %s is 422',
    async (id) => {
      const { mint } = await startGeolensBroker()
      expect(await readProblem(await mint(id))).toEqual([
        422,
        'Validation Error',
        'path.dataset_id: Input should be a valid UUID',
      ])
    },
  )

  test('an id in upper case names the same dataset', async () => {
    const { mintToken, download } = await startGeolensBroker()
    const token = await mintToken(PUBLIC.toUpperCase())
    expect(readClaims(token).scope).toBe(`dataset:${PUBLIC}`)
    const response = await download(PUBLIC.toUpperCase(), `?token=${token}`, { method: 'HEAD' })
    expect(response.status).toBe(200)
  })

  test('the 61st request within a minute is 429 with Retry-After; an account has its own count', async () => {
    const { mint, createKey } = await startGeolensBroker()
    for (let count = 0; count < 60; count++) await (await mint(PUBLIC)).body?.cancel()
    const limited = await mint(PUBLIC)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await readProblem(limited)).toEqual([429, 'Too Many Requests', 'Too many requests'])
    expect((await mint(PUBLIC, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(429)
    expect((await mint(PUBLIC, { 'x-api-key': await createKey() })).status).toBe(200)
  })

  test('other methods are 405; a preflight needs no credential', async () => {
    const { url } = await startGeolensBroker()
    const path = `${url}/auth/download-token/${PRIVATE}`
    const refused = await fetch(path)
    expect(refused.headers.get('allow')).toBe('POST, OPTIONS')
    expect((await readProblem(refused))[0]).toBe(405)
    const preflight = await fetch(path, { method: 'OPTIONS' })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'POST, OPTIONS',
    ])
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Api-Key')
  })
})

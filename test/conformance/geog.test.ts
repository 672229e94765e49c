import { fileURLToPath } from 'node:url'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  type BrokerUnderTest,
  NOW,
  readClaims,
  startBroker,
} from '../../server/test/support/broker-under-test.ts'
import { postRaw } from '../../server/test/support/raw-request.ts'

const demo = (name: string) =>
  fileURLToPath(new URL(`../../examples/demo-data/${name}`, import.meta.url))
const OPTIONS = {
  tilesets: { world: { path: demo('world.pmtiles') } },
  geog: { places: demo('places.geojson') },
}
const EVERY_SCOPE = 'tiles:read places:read billing:manage admin:access'
const TILE = '/v1/tiles/world/0/0/0.mvt'
const EXCHANGE = '/v1/auth/token'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function start(options = {}) {
  const running = await startBroker({ ...OPTIONS, ...options })
  const get = (path: string, token?: string, init: RequestInit = {}) =>
    fetch(`${running.url}${path}`, token === undefined ? init : { headers: bearer(token), ...init })
  return { ...running, get }
}

async function exchange({ post }: BrokerUnderTest, subject: string, body: object = {}) {
  return (await post(EXCHANGE, body, bearer(subject))).json()
}

const AUTH_REQUIRED = {
  success: false,
  error: 'Unauthorized',
  message: 'Missing or invalid authorization header',
  code: 'AUTH_REQUIRED',
}
const INVALID_TOKEN = { ...AUTH_REQUIRED, message: 'Invalid token format', code: 'INVALID_TOKEN' }
const TOKEN_EXPIRED = { ...AUTH_REQUIRED, message: 'Token has expired', code: 'TOKEN_EXPIRED' }
const INSUFFICIENT_SCOPE = {
  success: false,
  error: 'Forbidden',
  message: 'Insufficient permissions',
  code: 'INSUFFICIENT_SCOPE',
}

/** What each scope guards, as the seed's table and the facts have it. */
const GUARDED: [string, string][] = [
  ['tiles:read', TILE],
  ['tiles:read', '/v1/tiles/world/metadata'],
  ['places:read', '/v1/places?q=par'],
  ['billing:manage', '/v1/billing/usage'],
  ['admin:access', '/v1/admin/accounts'],
  ['admin:access', '/v1/admin/tokens'],
  ['admin:access', '/v1/admin/keys'],
  ['admin:access', '/v1/admin/audit'],
]

describe('authentication: API tokens', () => {
  test('have every claim of the document, and verify with the key set like any other JWT', async () => {
    const { url, createToken } = await start()
    const token = await createToken(EVERY_SCOPE, 31_536_000)
    const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(token, jwks, {
      issuer: url,
      audience: url,
      currentDate: new Date(NOW),
    })
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) })
    expect(payload).toEqual({
      sub: expect.stringMatching(/^tok_[0-9a-f]+$/),
      org_id: expect.stringMatching(/^org_[0-9a-f]+$/),
      scope: EVERY_SCOPE,
      token_type: 'api_token',
      aud: url,
      iss: url,
      jti: expect.any(String),
      iat: NOW / 1000,
      exp: NOW / 1000 + 31_536_000,
    })
  })

  test('the key set is public for an hour', async () => {
    const { get } = await start()
    const response = await get('/.well-known/jwks.json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    expect(await response.json()).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256' }] })
  })
})

describe('authentication: 401 and 403', () => {
  test.each(GUARDED)('%s guards %s, and each refusal has its exact body', async (scope, path) => {
    const { get, createToken, clock } = await start()
    const other = EVERY_SCOPE.split(' ').filter((name) => name !== scope)
    const good = await createToken(scope, 60)
    const rows: [string | undefined, number, object, string][] = [
      [undefined, 401, AUTH_REQUIRED, 'Bearer'],
      ['garbage', 401, INVALID_TOKEN, 'error="invalid_token"'],
      [await createToken(other.join(' ')), 403, INSUFFICIENT_SCOPE, `scope="${scope}"`],
    ]
    for (const [token, status, body, challenge] of rows) {
      const response = await get(path, token)
      expect([response.status, await response.json()]).toEqual([status, body])
      expect(response.headers.get('www-authenticate')).toContain(challenge)
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
    expect((await get(path, good)).status).toBe(200)
    clock.now += 62_000
    const late = await get(path, good)
    expect([late.status, await late.json()]).toEqual([401, TOKEN_EXPIRED])
  })

  test('another scheme is no credential, and the scheme has no case', async () => {
    const { get, createToken } = await start()
    const token = await createToken()
    const basic = await get(TILE, undefined, { headers: { authorization: `Basic ${token}` } })
    expect([basic.status, await basic.json()]).toEqual([401, AUTH_REQUIRED])
    const lower = await get(TILE, undefined, { headers: { authorization: `bearer ${token}` } })
    expect(lower.status).toBe(200)
  })

  test('a revoked token is refused at once, where it was exchanged too', async () => {
    const running = await start()
    const operator = await running.createToken(EVERY_SCOPE)
    const subject = await running.createToken('tiles:read')
    const child = (await exchange(running, subject)).access_token
    expect((await running.get(TILE, child)).status).toBe(200)
    const id = readClaims(subject).sub
    const revoke = await running.get(`/v1/admin/tokens/${id}`, operator, {
      method: 'DELETE',
      headers: bearer(operator),
    })
    expect(revoke.status).toBe(204)
    for (const token of [subject, child]) {
      const response = await running.get(TILE, token)
      expect([response.status, await response.json()]).toEqual([401, INVALID_TOKEN])
    }
    expect((await running.post(EXCHANGE, {}, bearer(subject))).status).toBe(401)
  })
})

describe('token exchange: parameters and response', () => {
  test('the request of the document gets the response of the document', async () => {
    const running = await start()
    const body = { ttl: 3600, scope: 'tiles:read' }
    expect(await exchange(running, await running.createToken(EVERY_SCOPE), body)).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 3600,
      expires_at: new Date(NOW + 3_600_000).toISOString().replace('.000Z', 'Z'),
      scope: 'tiles:read',
    })
  })

  test('access tokens have every claim of the document', async () => {
    const running = await start()
    const subject = await running.createToken(EVERY_SCOPE)
    const { access_token } = await exchange(running, subject, { ttl: 60, scope: 'tiles:read' })
    expect(readClaims(access_token)).toEqual({
      sub: expect.stringMatching(/^tok_short_[0-9a-f]+$/),
      org_id: readClaims(subject).org_id,
      scope: 'tiles:read',
      token_type: 'api_token',
      aud: running.url,
      iss: running.url,
      jti: expect.any(String),
      parent: readClaims(subject).sub,
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
    })
  })

  test('ttl is 3600 by default and 1 to 14400; scope is inherited by default', async () => {
    const running = await start()
    const subject = await running.createToken(EVERY_SCOPE)
    expect(await exchange(running, subject)).toMatchObject({ expires_in: 3600, scope: EVERY_SCOPE })
    for (const ttl of [1, 14_400])
      expect(await exchange(running, subject, { ttl })).toMatchObject({ expires_in: ttl })
  })

  test('an access token reads tiles, and is neither exchanged nor for billing or administration', async () => {
    const running = await start()
    const { access_token } = await exchange(running, await running.createToken(EVERY_SCOPE))
    expect((await running.get(TILE, access_token)).status).toBe(200)
    expect((await running.post(EXCHANGE, {}, bearer(access_token))).status).toBe(401)
    for (const path of ['/v1/billing/usage', '/v1/admin/accounts']) {
      const response = await running.get(path, access_token)
      expect([response.status, await response.json()]).toEqual([401, INVALID_TOKEN])
    }
  })
})

describe('token exchange: error table', () => {
  const rows: [string, unknown, Record<string, string>, number, string, string][] = [
    ['ttl 0', { ttl: 0 }, {}, 400, 'invalid_ttl', 'TTL must be between 1 and 14400 seconds'],
    [
      'ttl 14401',
      { ttl: 14_401 },
      {},
      400,
      'invalid_ttl',
      'TTL must be between 1 and 14400 seconds',
    ],
    ['no JSON', '{', {}, 400, 'invalid_request', 'Request body must be valid JSON'],
    [
      'no credential',
      {},
      { authorization: '' },
      401,
      'unauthorized',
      'Missing or invalid authentication',
    ],
    ['garbage', {}, bearer('x'), 401, 'unauthorized', 'Missing or invalid authentication'],
    [
      'a scope too many',
      { scope: 'admin:access' },
      {},
      403,
      'invalid_scope',
      'Requested scopes exceed parent token permissions',
    ],
    [
      'a long body',
      { x: 'x'.repeat(9000) },
      {},
      413,
      'payload_too_large',
      'Request body is too large',
    ],
    [
      'another type',
      '{}',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
      'Request body must be application/json without Content-Encoding',
    ],
  ]
  test.each(rows)('%s', async (_, body, headers, status, error, message) => {
    const { post, createToken } = await start()
    const response = await post(EXCHANGE, body, { ...bearer(await createToken()), ...headers })
    expect([response.status, await response.json()]).toEqual([
      status,
      { success: false, error, error_description: message, message, code: error.toUpperCase() },
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  })
})

describe('404 and 405 are in the same shape', () => {
  test.each([
    ['/v1/tiles/nowhere/0/0/0.mvt', 404, 'NOT_FOUND'],
    ['/v1/tiles/world/9/0/0.mvt', 404, 'NOT_FOUND'],
    ['/v1/tiles/world/0/0/0.png', 400, 'INVALID_REQUEST'],
    ['/v1/tiles/world', 404, 'NOT_FOUND'],
    ['/v1/billing/nothing', 404, 'NOT_FOUND'],
    ['/v1/admin/nothing', 404, 'NOT_FOUND'],
    ['/v1/nothing', 404, 'NOT_FOUND'],
  ])('GET %s is %i %s', async (path, status, code) => {
    const { get, createToken } = await start()
    const response = await get(path, await createToken(EVERY_SCOPE))
    expect([response.status, await response.json()]).toMatchObject([
      status,
      { success: false, error: code.toLowerCase(), message: expect.any(String), code },
    ])
  })

  test.each([
    [EXCHANGE, 'GET', 'POST'],
    [TILE, 'POST', 'GET, HEAD'],
    ['/v1/tiles/world/metadata', 'DELETE', 'GET, HEAD'],
    ['/v1/places', 'POST', 'GET, HEAD'],
    ['/v1/billing/usage', 'PUT', 'GET, HEAD'],
    ['/v1/admin/accounts', 'DELETE', 'GET, HEAD, POST'],
    ['/v1/admin/tokens/tok_1', 'GET', 'DELETE'],
    ['/v1/admin/keys/rotate', 'GET', 'POST'],
    ['/.well-known/jwks.json', 'POST', 'GET, HEAD'],
  ])('%s refuses %s with 405', async (path, method, allow) => {
    const { get, createToken } = await start()
    const headers = bearer(await createToken(EVERY_SCOPE))
    const response = await get(path, undefined, { method, headers })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
    expect(await response.json()).toMatchObject({ success: false, code: 'METHOD_NOT_ALLOWED' })
  })
})

describe('rate limits: tiles a day and organisation', () => {
  const limited = { geog: { ...OPTIONS.geog, tilesPerDay: 2 } }
  const readLimit = ({ headers }: Response) =>
    ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-tiles-${name}`))

  test('are off by default', async () => {
    const { get, createToken } = await start()
    expect(readLimit(await get(TILE, await createToken()))).toEqual([null, null, null])
  })

  test('count down, refuse with 429, and begin anew at 00:00 UTC', async () => {
    const running = await start(limited)
    const { get, createToken, clock } = running
    const token = await createToken()
    const reset = '2027-01-16T00:00:00Z'
    expect(readLimit(await get(TILE, token))).toEqual(['2', '1', reset])
    const child = (await exchange(running, token)).access_token
    expect(readLimit(await get(TILE, child))).toEqual(['2', '0', reset])
    const refused = await get(TILE, await createToken())
    expect(refused.status).toBe(429)
    expect(readLimit(refused)).toEqual(['2', '0', reset])
    expect(Number(refused.headers.get('retry-after'))).toBe((Date.parse(reset) - NOW) / 1000)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('access-control-expose-headers')).toContain(
      'X-RateLimit-Tiles-Reset',
    )
    expect(await refused.json()).toEqual({
      success: false,
      error: 'rate_limit_exceeded',
      error_description: 'Daily tile limit reached',
      message: 'Daily tile limit reached',
      code: 'RATE_LIMIT_EXCEEDED',
    })
    clock.now = Date.parse(reset)
    expect(readLimit(await get(TILE, await createToken()))).toEqual([
      '2',
      '1',
      '2027-01-17T00:00:00Z',
    ])
  })

  test('are each organisation’s own, and a burst cannot pass them', async () => {
    const { get, cli, createToken } = await start(limited)
    const token = await createToken()
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await get(TILE, token)).status),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(2)
    await cli('account', 'create', 'other')
    const { out } = await cli('token', 'create', '--account', 'other', '--scope', 'tiles:read')
    expect((await get(TILE, out.trim())).status).toBe(200)
  })

  test('survive a restart', async () => {
    const first = await start(limited)
    const token = await first.createToken()
    for (let count = 0; count < 2; count++) await first.get(TILE, token)
    await first.broker.close()
    const second = await start({ ...limited, data: first.data })
    expect((await second.get(TILE, await second.createToken())).status).toBe(429)
  })
})

describe('tiles, as the guide uses them', () => {
  test('an empty tile is 204, .pbf is .mvt, and TileJSON names the URLs', async () => {
    const { get, url, createToken } = await start()
    const token = await createToken()
    const pbf = await get('/v1/tiles/world/0/0/0.pbf', token)
    expect([pbf.status, pbf.headers.get('content-type')]).toEqual([200, 'application/x-protobuf'])
    expect(await (await get('/v1/tiles/world/metadata', token)).json()).toMatchObject({
      tilejson: '3.0.0',
      tiles: [`${url}/v1/tiles/world/{z}/{x}/{y}.mvt`],
    })
  })
})

test('T13: two credentials are refused', async () => {
  const { url, createToken } = await start()
  const header = ['authorization', `Bearer ${await createToken()}`]
  const answer = await postRaw(`${url}${EXCHANGE}`, [...header, ...header], Buffer.from(''))
  expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, 'invalid_request'])
})

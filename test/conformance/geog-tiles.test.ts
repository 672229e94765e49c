import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { NOW } from '../support/brokers/broker-under-test.ts'
import {
  EVERY_SCOPE,
  EXCHANGE,
  exchange,
  PLACES,
  startGeogBroker,
  TILE,
} from '../support/brokers/geog-broker.ts'

describe('404 and 405 have the shape of every other error', () => {
  test.each([
    ['/v1/tiles/nowhere/0/0/0.mvt', 404, 'NOT_FOUND'],
    ['/v1/tiles/world/9/0/0.mvt', 404, 'NOT_FOUND'],
    ['/v1/tiles/world/0/0/0.png', 400, 'INVALID_REQUEST'],
    ['/v1/tiles/world', 404, 'NOT_FOUND'],
    ['/v1/billing/nothing', 404, 'NOT_FOUND'],
    ['/v1/admin/nothing', 404, 'NOT_FOUND'],
    ['/v1/nothing', 404, 'NOT_FOUND'],
  ])('GET %s is %i %s', async (path, status, code) => {
    const { get, createToken } = await startGeogBroker()
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
    ['/.well-known/jwks.json', 'POST', 'GET, HEAD, OPTIONS'],
  ])('%s refuses %s with 405', async (path, method, allow) => {
    const { get, createToken } = await startGeogBroker()
    const headers = bearer(await createToken(EVERY_SCOPE))
    const response = await get(path, undefined, { method, headers })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
    expect(await response.json()).toMatchObject({ success: false, code: 'METHOD_NOT_ALLOWED' })
  })
})

describe('the daily tile limit of an organisation', () => {
  const limited = { geog: { places: PLACES, tilesPerDay: 2 } }
  const readLimit = ({ headers }: Response) =>
    ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-tiles-${name}`))

  test('is off by default', async () => {
    const { get, createToken } = await startGeogBroker()
    expect(readLimit(await get(TILE, await createToken()))).toEqual([null, null, null])
  })

  test('counts down, refuses with 429, and starts again at 00:00 UTC', async () => {
    const running = await startGeogBroker(limited)
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

  test('is separate for each organisation, and concurrent requests cannot exceed it', async () => {
    const { get, cli, createToken } = await startGeogBroker(limited)
    const token = await createToken()
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await get(TILE, token)).status),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(2)
    await cli('account', 'create', 'other')
    const { out } = await cli('token', 'create', '--account', 'other', '--scope', 'tiles:read')
    expect((await get(TILE, out.trim())).status).toBe(200)
  })

  test('survives a restart', async () => {
    const first = await startGeogBroker(limited)
    const token = await first.createToken()
    for (let count = 0; count < 2; count++) await first.get(TILE, token)
    await first.broker.close()
    const second = await startGeogBroker({ ...limited, data: first.data })
    expect((await second.get(TILE, await second.createToken())).status).toBe(429)
  })
})

test('tiles are served as .pbf too, and TileJSON names the URLs of a tileset', async () => {
  const { get, url, createToken } = await startGeogBroker()
  const token = await createToken()
  const pbf = await get('/v1/tiles/world/0/0/0.pbf', token)
  expect([pbf.status, pbf.headers.get('content-type')]).toEqual([200, 'application/x-protobuf'])
  expect(await (await get('/v1/tiles/world/metadata', token)).json()).toMatchObject({
    tilejson: '3.0.0',
    tiles: [`${url}/v1/tiles/world/{z}/{x}/{y}.mvt`],
  })
})

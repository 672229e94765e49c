import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram, findTileServer } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  startBroker,
  startNginx,
  startTileServer,
} from '../support/servers/gateways.ts'
import { askPreflight, PREFLIGHT_HEADERS } from '../support/servers/preflight-headers.ts'
import { send } from '../support/servers/raw-request.ts'

const gateways = createGateways()
const grants = {
  default: { account: 'demo', scope: 'tiles:read', expiresInSeconds: 600 },
  swiss: {
    account: 'demo',
    scope: 'tiles:read',
    tiles: { tilesets: ['world'], bbox: [5.9, 45.8, 10.5, 47.8] as const, maxzoom: 4 },
  },
  other: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['other'] } },
  whole: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['world'] } },
}
const TILE = '/data/world/4/8/5.pbf'
const canRun = findProgram('nginx') !== undefined && findTileServer() !== undefined

describe.skipIf(!canRun)('nginx, TileServer GL and the broker', () => {
  let url = ''
  let endBroker: () => Promise<void>
  const tokens = { full: '', swiss: '', other: '', whole: '' }
  beforeAll(async () => {
    const port = await findFreePort()
    const { address, broker, mint } = await startBroker(gateways, { grants })
    endBroker = () => broker.close()
    const tileserver = await startTileServer(gateways, port)
    url = await startNginx(gateways, { broker: address, tileserver, port })
    tokens.full = await mint()
    for (const name of ['swiss', 'other', 'whole'] as const) tokens[name] = await mint(name)
  })
  afterAll(() => gateways.run())

  const ask = (path: string, token?: string, headers: Record<string, string> = {}) =>
    send(url, path, { ...(token && { authorization: `Bearer ${token}` }), ...headers })

  test('a tile passes with a token, is private, varies by the token, and is 304 after a renewal', async () => {
    const first = await ask(TILE, tokens.full)
    expect(first.status).toBe(200)
    expect(gunzipSync(first.body).length).toBeGreaterThan(100)
    expect(first.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'cache-control': 'private, max-age=3600',
      vary: 'Authorization',
    })
    const condition = { 'if-none-match': String(first.headers.etag) }
    expect((await ask(TILE, tokens.swiss, condition)).status).toBe(304)
  })

  test('T12: without a valid token it is 401 with a challenge that a page of another origin can read', async () => {
    for (const token of [undefined, 'x']) {
      const { status, headers } = await ask(TILE, token)
      expect([status, headers['access-control-allow-origin']]).toEqual([401, '*'])
      expect(headers['www-authenticate']).toMatch(/^Bearer/)
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['content-type']).toBe('application/json')
    }
  })

  test('a wrong tileset, zoom or area is 403', async () => {
    for (const [path, token, status] of [
      [TILE, tokens.swiss, 200],
      [TILE, tokens.other, 403],
      ['/data/world/5/16/11.pbf', tokens.swiss, 403],
      ['/data/world/4/1/5.pbf', tokens.swiss, 403],
      ['/data/world.json', tokens.swiss, 200],
      ['/data/world.json', tokens.other, 403],
      ['/data/world/elevation/4/8/5', tokens.swiss, 403],
    ] as const) {
      const answer = await ask(path, token)
      expect([path, answer.status]).toEqual([path, status])
      expect(answer.headers['access-control-allow-origin']).toBe('*')
    }
  })

  test('a PMTiles file can be read in ranges, but not with a token for a part of the tileset', async () => {
    const range = { range: 'bytes=0-6' }
    for (const token of [tokens.full, tokens.whole]) {
      const { status, body, headers } = await ask('/archives/world.pmtiles', token, range)
      expect([status, body.toString()]).toEqual([206, 'PMTiles'])
      expect(headers.etag).toMatch(/^"/)
    }
    for (const token of [tokens.swiss, tokens.other])
      expect((await ask('/archives/world.pmtiles', token, range)).status).toBe(403)
    expect((await ask('/archives/world.pmtiles', undefined, range)).status).toBe(401)
  })

  test('style and TileJSON contain no credential, however the token was sent', async () => {
    for (const path of ['/styles/world/style.json', '/data/world.json']) {
      for (const answer of [
        await ask(`${path}?access_token=${tokens.full}`),
        await ask(`${path}?key=1&access_token=${tokens.full}`),
        await ask(path, tokens.full),
      ]) {
        expect(answer.status).toBe(200)
        expect(answer.body.toString()).not.toContain(tokens.full)
        expect(answer.body.toString()).not.toContain('access_token')
      }
    }
  })

  test('G3: request headers of the client that describe the request are ignored', async () => {
    for (const lie of [
      { 'x-original-uri': '/data/world/4/8/5.pbf' },
      { 'x-original-method': 'OPTIONS' },
      { 'x-forwarded-uri': '/data/world/4/8/5.pbf' },
      { 'x-forwarded-method': 'OPTIONS' },
      { x_original_uri: '/data/world/4/8/5.pbf' },
    ])
      expect((await ask('/data/world/5/16/11.pbf', tokens.swiss, lie)).status).toBe(403)
    expect((await ask('/_verify', tokens.full)).status).toBe(404)
    expect((await ask('/_verify')).status).toBe(404)
  })

  test('a preflight needs no token, and another method is refused', async () => {
    const page = { origin: 'https://maps.example', 'access-control-request-method': 'GET' }
    const preflight = await send(url, TILE, page, 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization')
    const headers = { authorization: `Bearer ${tokens.full}` }
    expect((await send(url, TILE, headers, 'DELETE')).status).toBe(405)
  })

  test.each(PREFLIGHT_HEADERS)('a preflight may ask for %s: %j', async (requested, isAllowed) => {
    const allowed = await askPreflight(url, TILE, requested)
    expect(allowed).toMatch(/^Authorization, /)
    expect(allowed.includes(requested)).toBe(isAllowed)
  })

  test('G5: while the broker is down it is 503 with CORS headers and Retry-After', async () => {
    await endBroker()
    const { status, headers } = await ask(TILE, tokens.full)
    expect([status, headers['retry-after'], headers['access-control-allow-origin']]).toEqual([
      503,
      '1',
      '*',
    ])
  })

  test('P6: no token is logged while the broker is down', async () => {
    expect((await ask(`${TILE}?access_token=${tokens.full}`)).status).toBe(503)
    await gateways.run()
    expect(gateways.stderr()).not.toContain(tokens.full)
  })
})

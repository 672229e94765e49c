import { afterAll, describe, expect, test } from 'vitest'
import { type ForwardAuthHandler, forwardAuth } from '../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from './support/issuer.ts'
import { listen, send } from './support/server.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const shared = {
  issuer: ISSUER,
  audience: ISSUER,
  jwks: issuer.jwks,
  now: () => NOW,
  scope: 'tiles:read',
  tiles: [
    '/data/{tileset}/{z}/{x}/{y}.pbf',
    { archive: '/{tileset}.pmtiles' },
    {
      tile: '/wmts?service=WMTS&request=GetTile&tilematrixset=web&layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}',
      optional: ['style', 'format'],
    },
  ],
}
const handlers: Record<string, ForwardAuthHandler> = {
  '/verify': forwardAuth({ ...shared, peers: ['loopback'] }),
  '/query': forwardAuth({ ...shared, peers: ['127.0.0.1'], credentials: { query: 'token' } }),
  '/stranger': forwardAuth({ ...shared, peers: ['192.0.2.0/24'] }),
  '/nobody': forwardAuth({ ...shared, peers: [] }),
  '/nokeys': forwardAuth({
    ...shared,
    peers: ['loopback'],
    jwks: 'https://issuer.example/jwks.json',
    fetch: () => Promise.reject(new Error('down')),
  }),
  '/broken': forwardAuth({
    peers: ['loopback'],
    verifier: { recall: () => undefined, verify: () => Promise.reject(new Error('a bug')) },
  }),
}
const { url, close } = await listen(
  (request, response) => void handlers[request.url ?? '']?.(request, response),
)
afterAll(close)

/** Asks as a gateway does; a list repeats a header. */
const ask = (headers: Record<string, string | string[]>, path = '/verify') =>
  send(`${url}${path}`, headers)

const bearer = { authorization: `Bearer ${token}` }
const original = (uri: string, method = 'GET') => ({
  'x-original-uri': uri,
  'x-original-method': method,
})
const forwarded = (uri: string, method = 'GET') => ({
  'x-forwarded-uri': uri,
  'x-forwarded-method': method,
})
const TILE = '/data/world/3/4/2.pbf'

describe('a gateway gets 204', () => {
  test.each([
    ['nginx', original],
    ['Traefik and Caddy', forwarded],
  ])('asking with the headers of %s', async (_, toHeaders) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await ask({ ...toHeaders(TILE, method), ...bearer })
      expect([status, headers['cache-control']]).toEqual([204, 'no-store'])
      expect(headers['x-tilepass-uri']).toBe(TILE)
    }
  })

  test('and the identity of the client, from its token and not from its headers', async () => {
    const claims = {
      'x-tilepass-subject': 'admin',
      x_tilepass_subject: 'admin',
      'x-tilepass-scope': 'admin:access',
    }
    const { headers } = await ask({ ...original(TILE), ...bearer, ...claims })
    expect(headers).toMatchObject({
      'x-tilepass-subject': 'tok_1',
      'x-tilepass-organization': 'org_1',
      'x-tilepass-scope': 'tiles:read',
    })
  })

  test('G2: with every identity header, also without a value, so that the gateway overwrites them', async () => {
    const anonymous = issuer.sign({ org_id: undefined })
    const headers = { ...original(TILE), authorization: `Bearer ${anonymous}` }
    expect((await ask(headers)).headers).toMatchObject({ 'x-tilepass-organization': '' })
  })

  test('with identities in characters that a header may contain', async () => {
    const odd = issuer.sign({ sub: 'Zoë\r\nX-Admin: 1%' })
    const { status, headers } = await ask({ ...original(TILE), authorization: `Bearer ${odd}` })
    expect([status, headers['x-tilepass-subject']]).toEqual([204, 'Zo%C3%AB%0D%0AX-Admin: 1%25'])
    expect(headers['x-admin']).toBeUndefined()
  })

  test('for a token in the query of the original URI, and that URI without the token', async () => {
    const uri = `${TILE}?a=1&token=${token}&b=%20`
    const { status, headers } = await ask(original(uri), '/query')
    expect([status, headers['x-tilepass-uri']]).toEqual([204, `${TILE}?a=1&b=%20`])
    expect((await ask(original(uri))).status).toBe(401)
    const escaped = `${TILE}?t%6fken=${token}`
    expect((await ask(original(escaped), '/query')).headers['x-tilepass-uri']).toBe(TILE)
    expect((await ask({ ...original(uri), ...bearer }, '/query')).headers).toMatchObject({
      'x-tilepass-status': '400',
    })
  })

  test('for a CORS preflight, which has no credential', async () => {
    const page = { origin: 'https://maps.example', 'access-control-request-method': 'GET' }
    expect((await ask({ ...original(TILE, 'OPTIONS'), ...page })).status).toBe(204)
    expect((await ask(original(TILE, 'OPTIONS'))).headers['x-tilepass-status']).toBe('405')
    expect((await ask({ ...original(TILE), ...page })).status).toBe(401)
    const twice = { 'access-control-request-method': ['', 'GET'] }
    for (const half of [{ ...page, origin: '' }, { origin: page.origin }, { ...page, ...twice }])
      expect((await ask({ ...original(TILE, 'OPTIONS'), ...half })).status).toBe(403)
  })
})

describe('a refusal is 401 or 403, and X-Tilepass-Status has the actual status', () => {
  const expired = issuer.sign({ iat: 1_700_000_000, exp: 1_700_000_060 })
  test.each<[string, Record<string, string>, string, number, string, string]>([
    ['no token', {}, '/verify', 401, '401', 'AUTH_REQUIRED'],
    ['garbage', { authorization: 'Bearer x' }, '/verify', 401, '401', 'INVALID_TOKEN'],
    [
      'an expired token',
      { authorization: `Bearer ${expired}` },
      '/verify',
      401,
      '401',
      'TOKEN_EXPIRED',
    ],
    [
      'insufficient scope',
      { authorization: `Bearer ${issuer.sign({ scope: 'places:read' })}` },
      '/verify',
      403,
      '403',
      'INSUFFICIENT_SCOPE',
    ],
    ['unavailable keys', bearer, '/nokeys', 403, '503', 'KEYS_UNAVAILABLE'],
    ['a bug', bearer, '/broken', 403, '500', 'SERVER_ERROR'],
  ])('%s', async (_, headers, path, status, actual, code) => {
    const answer = await ask({ ...original(TILE), ...headers }, path)
    expect([answer.status, answer.headers['x-tilepass-status']]).toEqual([status, actual])
    expect(JSON.parse(answer.body)).toMatchObject({ code })
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    })
    expect(answer.headers['www-authenticate'] !== undefined).toBe(
      status === 401 || code === 'INSUFFICIENT_SCOPE',
    )
    if (actual === '503') expect(answer.headers['retry-after']).toBe('1')
  })

  test('for every other method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'get', 'TRACE', '']) {
      const { status, headers } = await ask({ ...original(TILE, method), ...bearer })
      expect([method, status, headers['x-tilepass-status']]).toEqual([method, 403, '405'])
    }
  })
})

describe('G3: forwarded headers count only from configured peers', () => {
  test('any other peer is refused, whatever it sends', async () => {
    for (const path of ['/stranger', '/nobody']) {
      const headers = { ...original(TILE), ...bearer, 'x-forwarded-for': '192.0.2.1' }
      const answer = await ask(headers, path)
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([403, 'FOREIGN_PEER'])
    }
  })

  test('a peer that is not an address is refused at construction', () => {
    for (const peer of ['localhost', '10.0.0.0/33', '10.0.0.0/8/8', '', '::1/129', '10.0.0.0/x'])
      expect(() => forwardAuth({ ...shared, peers: [peer] })).toThrow(TypeError)
  })

  test('headers that disagree are refused: the client may have sent one of them', async () => {
    const refused: Record<string, string | string[]>[] = [
      {},
      { 'x-original-uri': TILE },
      { 'x-original-method': 'GET' },
      { ...original(TILE), 'x-forwarded-uri': '/data/other/0/0/0.pbf' },
      { ...original(TILE), 'x-forwarded-method': 'OPTIONS' },
      { ...original(TILE), 'x-original-uri': [TILE, TILE] },
    ]
    for (const headers of refused)
      expect(JSON.parse((await ask({ ...headers, ...bearer })).body).code).toBe('FORWARDED_REQUEST')
    expect((await ask({ ...original(TILE), ...forwarded(TILE), ...bearer })).status).toBe(204)
  })
})

describe('G1: the checked path has only one reading', () => {
  test.each([
    '/data/world/../secret/0/0/0.pbf',
    '//data/world/0/0/0.pbf',
    '/data/world%2f0/0/0.pbf',
    '/data/world;x/0/0/0.pbf',
    '/data/world/%30/0/0.pbf',
    '/data/world/0/0/0.pbf%00',
    '/data/world./0/0/0.pbf',
    '/data\\world/0/0/0.pbf',
    'http://host/data/world/0/0/0.pbf',
    '',
  ])('%s is refused, even with an unrestricted token', async (uri) => {
    const answer = await ask({ ...original(uri), ...bearer })
    expect(answer.status).toBe(403)
    expect(answer.headers['x-tilepass-uri']).toBeUndefined()
  })
})

describe('G1: the query is judged as the server behind the gateway reads it', () => {
  const restricted = issuer.signTiles({ tilesets: ['world'] })
  const WMTS = '/wmts?SERVICE=WMTS&REQUEST=GetTile&TILEMATRIXSET=web'
  const WORLD = `${WMTS}&layer=world&tilematrix=4&tilerow=5&tilecol=8`
  const askWith = (jwt: string, uri: string, path = '/verify') =>
    ask({ ...original(uri), authorization: `Bearer ${jwt}` }, path)

  test('a second layer, another operation or another grid is refused for a restricted token', async () => {
    expect((await askWith(restricted, `${WORLD}&STYLE=default&FORMAT=image/png`)).status).toBe(204)
    for (const uri of [
      `${WMTS.replace('?', '?layer%00=secret&tilerow%00=0&tilecol%00=0&')}&layer=world&tilematrix=4&tilerow=5&tilecol=8`,
      `${WORLD}&layers=secret`,
      `${WORLD}&infoformat=text/plain`,
      `${WORLD};layer=secret`,
      WORLD.replace('GetTile', 'GetFeatureInfo'),
      WORLD.replace('=web', '=other'),
      `${TILE}?service=WMTS&layer=secret`,
      `${TILE}?v=1`,
    ])
      expect([uri, (await askWith(restricted, uri)).status]).toEqual([uri, 403])
  })

  test('the checked URI is written anew from what was understood', async () => {
    const uri = `${WORLD}&FORMAT=image%2fpng&style=a:b%3Bc`
    const { headers } = await askWith(restricted, uri)
    expect(headers['x-tilepass-uri']).toBe(`${WORLD}&FORMAT=image%2Fpng&style=a%3Ab%3Bc`)
    expect((await askWith(restricted, `${TILE}?`)).headers['x-tilepass-uri']).toBe(TILE)
  })

  test('a token in the query is not one of the rule’s parameters', async () => {
    const uri = `${WORLD}&token=${restricted}`
    const { status, headers } = await ask(original(uri), '/query')
    expect([status, headers['x-tilepass-uri']]).toEqual([204, WORLD])
    expect((await ask(original(`${uri}&TOKEN=a`), '/query')).status).toBe(403)
    expect((await ask(original(`${uri}&%74oken=a`), '/query')).status).toBe(403)
  })

  test('an unrestricted token passes with any query, which stays as it is', async () => {
    for (const uri of [`${TILE}?v=1`, `${WORLD}&layer%00=secret`, '/other?a;b&&c[]=+&a']) {
      const { status, headers } = await askWith(token, uri)
      expect([status, headers['x-tilepass-uri']]).toEqual([204, uri])
    }
  })
})

test.each<[string, object, number]>([
  [TILE, { tilesets: ['world'] }, 204],
  [TILE, { tilesets: ['other'] }, 403],
  [TILE, { maxzoom: 2 }, 403],
  [TILE, { bbox: [1, 50, 2, 51] }, 204],
  [TILE, { bbox: [-2, 50, -1, 51] }, 403],
  ['/world.pmtiles', { tilesets: ['world'] }, 204],
  ['/world.pmtiles', { bbox: [-180, -90, 180, 90] }, 403],
  ['/styles/basic.json', { tilesets: ['world'] }, 403],
])('%s with a token for %j is %i', async (uri, tiles, status) => {
  const headers = { ...original(uri), authorization: `Bearer ${issuer.signTiles(tiles)}` }
  expect((await ask(headers)).status).toBe(status)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CachedGuardOptions,
  cachedGuard,
  guard,
  type Share,
  type TileStore,
  toStoredCopy,
} from '../../src/fetch.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const TILES = ['/{tileset}/{z}/{x}/{y}.mvt', { document: '/{tileset}.json', optional: ['v', 'a'] }]
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const tokens = {
  ada: issuer.sign({ jti: 'a', sub: 'ada', org_id: 'org_a' }),
  bob: issuer.sign({ jti: 'b', sub: 'bob', org_id: 'org_b' }),
  open: issuer.signTiles({ tilesets: ['open'] }),
  low: issuer.signTiles({ maxzoom: 0 }),
  expired: issuer.sign({ iat: 1_700_000_000, exp: 1_700_000_060 }),
  unscoped: issuer.sign({ scope: 'x' }),
  none: '',
  garbage: 'x.y.z',
}
type TokenName = keyof typeof tokens

function ask(path: string, token: TokenName = 'ada', init: RequestInit = {}): Request {
  const headers = new Headers(init.headers)
  if (tokens[token]) headers.set('authorization', `Bearer ${tokens[token]}`)
  return new Request(`https://tiles.example${path}`, { ...init, headers })
}

/** A store that keeps what it is given, as text. */
function createStore() {
  const copies = new Map<string, { status: number; headers: [string, string][]; body: string }>()
  const store: TileStore = {
    match: async ({ url, headers }) => {
      expect([...headers]).toEqual([])
      const copy = copies.get(url)
      return copy && new Response(copy.body, copy)
    },
    put: async ({ url }, copy) => {
      copies.set(url, { status: copy.status, headers: [...copy.headers], body: await copy.text() })
    },
  }
  return { store, copies }
}

/** A cached guard in front of an origin, and what reached the origin. */
function start(
  origin: (path: string) => Response = (path) => new Response(path, { headers: { ETag: '"e"' } }),
  cache: {
    [Name in keyof CachedGuardOptions['cache']]?: CachedGuardOptions['cache'][Name] | undefined
  } = {},
) {
  const { store, copies } = createStore()
  const asked: { request: Request; share: Share }[] = []
  const kept: Promise<unknown>[] = []
  const options = { ...shared, scope: 'tiles:read', tiles: TILES }
  const handle = cachedGuard(
    { ...options, cache: { store, lifetime: 86_400_000, ...cache } as CachedGuardOptions['cache'] },
    (request: Request, _env: unknown, _context: unknown, share: Share) => {
      asked.push({ request, share })
      return origin(new URL(request.url).pathname)
    },
  )
  const send = async (request: Request) => {
    const response = await handle(
      request,
      {},
      { waitUntil: (done: Promise<unknown>) => kept.push(done) },
    )
    await Promise.all(kept.splice(0))
    return response
  }
  return { send, copies, asked }
}

describe('two users share one copy', () => {
  test('and each gets it as a private answer, with an ETag', async () => {
    const { send, copies, asked } = start()
    for (const name of ['ada', 'bob', 'open'] as const) {
      const response = await send(ask('/open/0/0/0.mvt', name))
      expect([response.status, await response.text()]).toEqual([200, '/open/0/0/0.mvt'])
      expect(response.headers.get('cache-control')).toBe('private, max-age=3600')
      expect(response.headers.get('vary')).toBe('Authorization')
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(
        [...response.headers.keys()].filter((header) => header.startsWith('x-tilepass')),
      ).toEqual([])
    }
    expect([asked.length, copies.size]).toEqual([1, 1])
    const conditional = { headers: { 'if-none-match': '"e"' } }
    expect((await send(ask('/open/0/0/0.mvt', 'bob', conditional))).status).toBe(304)
  })

  test('HEAD shares it too, and gets no body', async () => {
    const { send, asked } = start()
    expect(await (await send(ask('/open/0/0/0.mvt', 'ada', { method: 'HEAD' }))).text()).toBe('')
    expect(await (await send(ask('/open/0/0/0.mvt'))).text()).toBe('/open/0/0/0.mvt')
    expect(asked.map(({ request }) => request.method)).toEqual(['GET'])
  })

  test('but not across keys, tilesets, issuers or parameters', async () => {
    const { send, copies } = start(undefined, { key: (_request, { org_id }) => org_id ?? '' })
    for (const [path, name] of [
      ['/open/0/0/0.mvt', 'ada'],
      ['/open/0/0/0.mvt', 'bob'],
      ['/open.json', 'ada'],
      ['/open.json?v=1&a=2', 'ada'],
      ['/open.json?a=2&v=1', 'ada'],
    ] as const)
      await send(ask(path, name))
    const prefix = `https://tiles.invalid/~${encodeURIComponent(ISSUER)}/~open`
    expect([...copies.keys()]).toEqual([
      `${prefix}/~org_a/open/0/0/0.mvt`,
      `${prefix}/~org_b/open/0/0/0.mvt`,
      `${prefix}/~org_a/open.json`,
      `${prefix}/~org_a/open.json?a=2&v=1`,
    ])
  })
})

test('nothing of the client reaches the origin but path and parameters', async () => {
  const { send, asked } = start()
  const headers = { cookie: 'a=1', 'x-custom': 'b', range: 'bytes=0-1', 'accept-encoding': 'br' }
  await send(ask('/open.json?v=%31', 'ada', { headers }))
  await send(ask('/open.json?v=1', 'ada', { headers }))
  expect(asked.map(({ request: { url, method, headers } }) => [url, method, [...headers]])).toEqual(
    [['https://tiles.invalid/open.json?v=1', 'GET', []]],
  )
  expect(asked[0]?.share).toEqual({ issuer: ISSUER, tileset: 'open', key: '' })
})

test.each<[string, TokenName, string, number]>([
  ['GET', 'none', '/open/0/0/0.mvt', 401],
  ['GET', 'garbage', '/open/0/0/0.mvt', 401],
  ['GET', 'expired', '/open/0/0/0.mvt', 401],
  ['GET', 'unscoped', '/open/0/0/0.mvt', 403],
  ['GET', 'open', '/secret/0/0/0.mvt', 403],
  ['GET', 'low', '/open/1/0/0.mvt', 403],
  ['GET', 'open', '/open/0/0/0.mvt?v=1', 403],
  ['HEAD', 'none', '/open/0/0/0.mvt', 401],
  ['OPTIONS', 'none', '/open/0/0/0.mvt', 204],
  ['POST', 'ada', '/open/0/0/0.mvt', 405],
  ['PURGE', 'ada', '/open/0/0/0.mvt', 405],
  ['GET', 'ada', '/no/rule', 404],
  ['GET', 'ada', '/open/0/0/0.mvt?v=1', 404],
  ['GET', 'ada', '/open//0/0/0.mvt', 404],
  ['GET', 'ada', '/%6fpen/0/0/0.mvt', 404],
])(
  '%s of "%s" for %s is %i, though the copy is there, and asks nobody',
  async (method, name, path, status) => {
    const { send, asked } = start()
    for (const known of ['/open/0/0/0.mvt', '/open/1/0/0.mvt', '/secret/0/0/0.mvt'])
      await send(ask(known))
    const response = await send(ask(path, name, { method }))
    expect([response.status, await response.text()]).not.toContain('mvt')
    expect([response.status, asked.length]).toEqual([status, 3])
  },
)

test('as without a cache, nobody gets anything that a token does not open', async () => {
  const plain = guard({ ...shared, scope: 'tiles:read', tiles: TILES }, ({ url }) => {
    const { pathname } = new URL(url)
    return new Response(pathname, { headers: { ETag: '"e"' } })
  })
  const { send } = start()
  const name = fc.constantFrom(...(Object.keys(tokens) as TokenName[]))
  const tileset = fc.constantFrom('open', 'secret', '%6fpen', 'open%2F', '..', 'open/../secret', '')
  const number = fc.constantFrom('0', '1', '00', '9')
  const end = fc.constantFrom('.mvt', '.mvt?', '.mvt#x', '.mvt;', '.json')
  const method = fc.constantFrom('GET', 'HEAD')
  const path = fc
    .tuple(tileset, number, number, number, end)
    .map(([set, z, x, y, rest]) => `/${set}/${z}/${x}/${y}${rest}`)
  await fc.assert(
    fc.asyncProperty(name, path, method, async (who, target, verb) => {
      const [cached, direct] = [
        await send(ask(target, who, { method: verb })),
        await plain(ask(target, who, { method: verb })),
      ]
      const [cachedBody, directBody] = [await cached.text(), await direct.text()]
      // Without a cache an unrestricted token passes on any path; with one it needs a rule.
      if (cached.status === 404) {
        expect(direct.status).toBe(200)
        return
      }
      expect([cached.status, cachedBody]).toEqual([
        direct.status,
        verb === 'HEAD' && direct.ok ? '' : directBody,
      ])
      for (const header of ['cache-control', 'vary', 'etag', 'www-authenticate'])
        expect(cached.headers.get(header)).toBe(direct.headers.get(header))
    }),
    { numRuns: 400 },
  )
})

describe('a copy', () => {
  const store = (status: number, headers: Record<string, string>) =>
    toStoredCopy(new Response(status === 204 ? null : 'x', { status, headers }), 86_400_000)

  test('has the edge’s lifetime, and nothing that differs between clients', () => {
    const copy = store(200, {
      'Cache-Control': 'public, max-age=5',
      Vary: 'Accept-Encoding, Origin',
      'Access-Control-Allow-Origin': 'https://a.example',
      'CDN-Cache-Control': 'max-age=9',
      Expires: 'x',
      'Content-Type': 'x/y',
    })
    expect(Object.fromEntries(copy?.headers ?? [])).toEqual({
      'cache-control': 'public, max-age=86400',
      'content-type': 'x/y',
      'x-tilepass-stored-cache-control': 'public, max-age=5',
      'x-tilepass-stored-status': '200',
    })
  })

  test.each<[string, number, Record<string, string>]>([
    ['Set-Cookie', 200, { 'Set-Cookie': 'a=1' }],
    ['Vary: *', 200, { Vary: '*' }],
    ['no-store', 200, { 'Cache-Control': 'max-age=1, No-Store' }],
    ['private', 200, { 'Cache-Control': 'private' }],
    ['a 206', 206, {}],
    ['a 301', 301, {}],
    ['a 500', 500, {}],
    ['a 401', 401, {}],
  ])('is not made of an answer with %s', (_, status, headers) => {
    expect(store(status, headers)).toBeUndefined()
  })

  test.each([
    [204, 'public, max-age=86400'],
    [404, 'public, max-age=60'],
  ])('of a %i is a 200 in the store, and a %i again for clients', async (status, lifetime) => {
    const { send, copies, asked } = start(() => new Response(null, { status }))
    for (const name of ['ada', 'bob'] as const) {
      const response = await send(ask('/open/0/0/0.mvt', name))
      expect([response.status, await response.text()]).toEqual([status, ''])
    }
    const [copy] = copies.values()
    expect(copy?.status).toBe(200)
    expect(new Headers(copy?.headers).get('cache-control')).toBe(lifetime)
    expect(asked.length).toBe(1)
  })

  test('keeps what the origin says to browsers, as private', async () => {
    const { send } = start(
      () => new Response('x', { headers: { 'Cache-Control': 'public, max-age=5' } }),
    )
    for (let count = 0; count < 2; count++) {
      const { headers } = await send(ask('/open/0/0/0.mvt'))
      expect(headers.get('cache-control')).toBe('private, max-age=5')
    }
  })
})

test.each<[string, Partial<TileStore>]>([
  ['match', { match: () => Promise.reject(new Error('down')) }],
  ['put', { put: () => Promise.reject(new Error('full')) }],
])('a store whose %s fails makes no request fail', async (_, broken) => {
  const { send } = start(undefined, { store: { ...createStore().store, ...broken } })
  expect(await (await send(ask('/open/0/0/0.mvt'))).text()).toBe('/open/0/0/0.mvt')
})

test('without a store, what a cached entrypoint answers is passed on as it was before', async () => {
  const { send } = start(
    () => toStoredCopy(new Response(null, { status: 204 }), 60_000) ?? Response.error(),
    { store: undefined },
  )
  const response = await send(ask('/open/0/0/0.mvt'))
  expect([response.status, response.headers.get('cache-control')]).toEqual([
    204,
    'private, max-age=3600',
  ])
})

test('invalid options are refused', () => {
  const make = (options: object) =>
    cachedGuard(
      { ...shared, tiles: TILES, ...options } as unknown as CachedGuardOptions,
      () => new Response(),
    )
  const cache = { lifetime: 60_000 }
  expect(() => make({})).toThrow('"cache" must be an object')
  expect(() => make({ cache: { lifetime: 1 } })).toThrow('"cache.lifetime" must be')
  expect(() => make({ cache: { ...cache, store: {} } })).toThrow('"cache.store" must be')
  expect(() => make({ cache, tiles: undefined })).toThrow(TypeError)
  expect(() => make({ cache, tiles: { archive: '/{tileset}.pmtiles' } })).toThrow('archives')
})

import express from 'express'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createBudgets, createVerifier, forwardAuth, guard, type Verifier } from '../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from './support/issuer.ts'
import { listen, send } from './support/server.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const rules = [
  '/{tileset}/{z}/{x}/{y}.pbf',
  { document: '/{tileset}.json' },
  { document: '/fonts/{*}/{*}.pbf' },
  { archive: '/{tileset}.pmtiles' },
]

const app = express()
app.use('/header', guard({ ...shared, scope: 'tiles:read' }))
app.use('/tiles', guard({ ...shared, scope: 'tiles:read', tiles: rules }))
app.use('/query', guard({ ...shared, tiles: rules, credentials: { query: 'access_token' } }))
const { url, close } = await listen(app)
afterAll(close)

describe('a token that is restricted to some tiles', () => {
  const restrict = (tiles: object) => ({ authorization: `Bearer ${issuer.signTiles(tiles)}` })
  const ask = async (path: string, tiles: object) =>
    (await fetch(`${url}${path}`, { headers: restrict(tiles) })).status

  test.each<[string, object, boolean]>([
    ['/tiles/a/3/4/2.pbf', { tilesets: ['a'] }, true],
    ['/tiles/b/3/4/2.pbf', { tilesets: ['a'] }, false],
    ['/tiles/a/4/4/2.pbf', { maxzoom: 3 }, false],
    ['/tiles/a/3/4/2.pbf', { bbox: [1, 50, 2, 51] }, true],
    ['/tiles/a/3/3/2.pbf', { bbox: [1, 50, 2, 51] }, false],
    ['/tiles/a.json', { tilesets: ['a'], maxzoom: 3 }, true],
    ['/tiles/b.json', { tilesets: ['a'] }, false],
    ['/tiles/fonts/Noto/0-255.pbf', { tilesets: ['a'] }, true],
    ['/tiles/a.pmtiles', { tilesets: ['a'] }, true],
    ['/tiles/a.pmtiles', { maxzoom: 30 }, false],
    ['/tiles/a/3/4/2.png', { tilesets: ['a'] }, false],
    ['/tiles/other', { tilesets: ['a'] }, false],
    ['/tiles/%61/3/4/2.pbf', { tilesets: ['a'] }, false],
    ['/tiles/a//3/4/2.pbf', { tilesets: ['a'] }, false],
    ['/tiles/a/3/4/2.pbf;b', { tilesets: ['a'] }, false],
    ['/tiles/a/3/8/2.pbf', { tilesets: ['a'] }, false],
    ['/tiles/a/3/4/2.pbf?', { tilesets: ['a'] }, true],
    ['/tiles/a/3/4/2.pbf?v=1', { tilesets: ['a'] }, false],
    ['/tiles/a.json?v=1', { tilesets: ['a'] }, false],
    ['/tiles/a/3/4/2.pbf?access_token=x', { tilesets: ['a'] }, false],
  ])('asks for %s with %j: %j', async (path, tiles, isPermitted) => {
    // Nothing is served at these paths: a request that passes gets 404.
    expect(await ask(path, tiles)).toBe(isPermitted ? 404 : 403)
  })

  test('is refused by a guard without tile rules', async () => {
    const response = await fetch(`${url}/header/tile`, { headers: restrict({ maxzoom: 30 }) })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'TILE_NOT_PERMITTED' })
  })

  test('may be in the query, where it is not a parameter of the URL', async () => {
    const restricted = issuer.signTiles({ tilesets: ['a'] })
    for (const [further, status] of [
      ['', 404],
      ['&v=1', 403],
      ['&&v=1', 403],
      ['&ACCESS_TOKEN=x', 403],
      ['&access_token%00=x', 403],
    ] as const) {
      const target = `${url}/query/a/3/4/2.pbf?access_token=${restricted}${further}`
      expect([further, (await fetch(target)).status]).toEqual([further, status])
    }
  })

  test('opens nothing without the scope', async () => {
    const restricted = issuer.signTiles({ tilesets: ['a'] }, { scope: 'places:read' })
    const headers = { authorization: `Bearer ${restricted}` }
    expect((await fetch(`${url}/tiles/a/3/4/2.pbf`, { headers })).status).toBe(403)
  })
})

test.each([
  '/world/%35/3/2.pbf',
  '/world//5/3/2.pbf',
  '/world/5/3/%32.pbf',
  '/WORLD/5/3/2.pbf',
  '/world/5/3/2.pbf/',
  '/archives/world.pmtiles',
  '/somewhere/else',
])('once the budget is used up, %s is refused too, however a server reads it', async (path) => {
  const behind = express().use(
    guard({
      ...shared,
      tiles: [
        '/{tileset}/{z}/{x}/{y}.pbf',
        { document: '/{tileset}.json' },
        { archive: '/archives/{tileset}.pmtiles' },
      ],
      budgets: createBudgets({ tilesPerToken: 1, now: () => NOW }),
    }),
    (_request, response) => void response.send('tile'),
  )
  const server = await listen(behind)
  onTestFinished(server.close)
  const authorization = `Bearer ${token}`
  const ask = async (target: string) =>
    (await fetch(`${server.url}${target}`, { headers: { authorization } })).status
  expect(await ask('/world/5/3/2.pbf')).toBe(200)
  expect(await ask(path)).toBe(429)
  expect(await ask('/world.json')).toBe(200)
})

describe('a custom verifier', () => {
  const { verify } = createVerifier(shared)
  const handlers = {
    // @ts-expect-error A verifier has `recall`; in JavaScript no compiler insists on it.
    guard: guard({ verifier: { verify } }),
    // @ts-expect-error As above.
    forwardAuth: forwardAuth({ verifier: { verify }, peers: ['loopback'] }),
  }
  const request = {
    'x-original-uri': '/tile',
    'x-original-method': 'GET',
    authorization: `Bearer ${token}`,
  }

  test.each(['guard', 'forwardAuth'] as const)('without recall works in %s()', async (name) => {
    const server = await listen(
      express().use(handlers[name], (_request, response) => void response.status(204).end()),
    )
    onTestFinished(server.close)
    for (let count = 0; count < 2; count++)
      expect((await send(server.url, request)).status).toBe(204)
    const refused = await send(server.url, { ...request, authorization: 'Bearer x' })
    expect(refused.status).toBe(401)
  })

  test('is not asked to verify a token that it recalls', async () => {
    const claims = await verify(token)
    const verifier: Verifier = {
      recall: (given) => (given === token ? claims : undefined),
      verify: () => Promise.reject(new Error('not expected')),
    }
    const server = await listen(
      express().use(guard({ verifier }), (_request, response) => void response.status(204).end()),
    )
    onTestFinished(server.close)
    expect((await send(server.url, request)).status).toBe(204)
    const other = await send(server.url, { ...request, authorization: 'Bearer x' })
    expect(other.status).toBe(500)
  })
})

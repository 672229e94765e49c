import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express, { type Express } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createVerifier, GuardError, guard, type Verifier } from '../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from './support/issuer.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const bearer = { authorization: `Bearer ${token}` }
/** A verifier of tokens that one page may use. */
const forOnePage: Verifier = {
  verify: async (_token, { referer, origin } = {}) => {
    if (referer === 'https://maps.example/app' || origin === 'https://maps.example')
      return createVerifier(shared).verify(token)
    throw new GuardError('Forbidden', { status: 403, code: 'SOURCE', reason: 'Forbidden' })
  },
}
const rules = [
  '/{tileset}/{z}/{x}/{y}.pbf',
  { document: '/{tileset}.json' },
  { document: '/fonts/{*}/{*}.pbf' },
  { archive: '/{tileset}.pmtiles' },
]
let url = ''
let close: () => void

beforeAll(async () => {
  const app: Express = express()
  app.use('/header', guard({ ...shared, scope: 'tiles:read' }))
  app.use(
    '/query',
    guard({ ...shared, scope: 'tiles:read', credentials: { query: 'access_token' } }),
  )
  app.use(
    '/any',
    guard({ ...shared, credentials: { query: 'access_token', cookie: 'map' }, vary: false }),
  )
  app.use('/cookie', guard({ ...shared, credentials: { cookie: 'map' } }))
  app.use('/oauth', guard({ ...shared, scope: 'tiles:read', errors: 'oauth' }))
  app.use('/problem', guard({ ...shared, scope: 'tiles:read', errors: 'problem' }))
  app.use(
    '/own-words',
    guard({
      ...shared,
      errors: ({ status, code }) => ({ type: 'text/x-error', body: { no: [status, code] } }),
    }),
  )
  app.use('/tiles', guard({ ...shared, scope: 'tiles:read', tiles: rules }))
  app.use('/down', guard({ verifier: { verify: () => Promise.reject(new Error('bug')) } }))
  app.use('/pages', guard({ verifier: forOnePage }))
  app.use(
    '/nokeys',
    guard({
      ...shared,
      jwks: 'http://127.0.0.1:1/jwks.json',
      fetch: () => Promise.reject(new Error()),
    }),
  )
  const folder = fileURLToPath(new URL('.', import.meta.url))
  app.use('/header/files', express.static(folder))
  app.use('/header/public', express.static(folder, { maxAge: '1h' }))
  app.use('/header/unsaid', express.static(folder, { cacheControl: false }))
  app.get('/{*mount}/whoami', (request, response) => void response.json(request.auth))
  app.get('/{*mount}/raw', (_request, response) => void response.end(Buffer.from('tile')))
  app.get('/{*mount}/own', (_request, response) => {
    response.set({ 'Cache-Control': 'no-store', ETag: '"mine"' }).send('tile')
  })
  app.get('/{*mount}/tile', (_request, response) => void response.send(Buffer.from('tile')))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => server.close().closeAllConnections()
})
afterAll(() => close())

/** Sends headers exactly as given, repeated ones too, which fetch would join. */
function send(path: string, headers: string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    httpRequest(`${url}${path}`, { headers: ['host', 'localhost', ...headers] }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      )
    })
      .on('error', reject)
      .end()
  })
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

test('a good token passes, and its claims are at hand', async () => {
  const response = await fetch(`${url}/header/whoami`, { headers: bearer })
  expect(await response.json()).toMatchObject({ sub: 'tok_1', scope: 'tiles:read' })
})

describe('T12: refusals are in the shape of the API and challenge the client', () => {
  const refusals: [string, Record<string, string>, number, string, RegExp][] = [
    ['nothing', {}, 401, 'AUTH_REQUIRED', /^Bearer$/],
    ['another scheme', { authorization: 'Basic eA==' }, 401, 'AUTH_REQUIRED', /^Bearer$/],
    ['garbage', { authorization: 'Bearer x' }, 401, 'INVALID_TOKEN', /error="invalid_token"/],
    [
      'an expired token',
      { authorization: `Bearer ${issuer.sign({ iat: 1_700_000_000, exp: 1_700_000_060 })}` },
      401,
      'TOKEN_EXPIRED',
      /error="invalid_token"/,
    ],
    [
      'too little scope',
      { authorization: `Bearer ${issuer.sign({ scope: 'tiles:readonly' })}` },
      403,
      'INSUFFICIENT_SCOPE',
      /error="insufficient_scope".*scope="tiles:read"/,
    ],
  ]
  test.each(refusals)('%s', async (_, headers, status, code, challenge) => {
    const response = await fetch(`${url}/header/tile`, { headers })
    expect(response.status).toBe(status)
    expect(response.headers.get('www-authenticate')).toMatch(challenge)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    const body = await response.json()
    expect(body).toEqual({
      success: false,
      error: expect.any(String),
      message: expect.any(String),
      code,
    })
  })
})

describe('T13: one Authorization header, in any case', () => {
  test('the scheme may be in any case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'bEaReR'])
      expect((await send('/header/tile', ['authorization', `${scheme} ${token}`])).status).toBe(200)
  })

  test('two headers are refused, whichever is good', async () => {
    for (const other of ['Bearer x', 'Basic eA==', `Bearer ${token}`]) {
      const headers = ['authorization', `Bearer ${token}`, 'Authorization', other]
      expect((await send('/header/tile', headers)).status).toBe(400)
    }
  })
})

describe('T14: a credential in the query counts only where that is asked for', () => {
  test('header mode ignores it', async () => {
    expect((await fetch(`${url}/header/tile?access_token=${token}`)).status).toBe(401)
  })

  test('query mode takes it, or the header', async () => {
    expect((await fetch(`${url}/query/tile?access_token=${token}`)).status).toBe(200)
    expect((await fetch(`${url}/query/tile`, { headers: bearer })).status).toBe(200)
  })

  test('two credentials at once are refused', async () => {
    const both = await fetch(`${url}/query/tile?access_token=${token}`, { headers: bearer })
    const twice = await fetch(`${url}/query/tile?access_token=${token}&access_token=${token}`)
    expect([both.status, twice.status]).toEqual([400, 400])
  })
})

test('a 400 for several credentials says where they are, and none of their values', async () => {
  const cookie = ['cookie', `map=${token}`]
  const header = ['authorization', `Bearer ${token}`]
  const inQuery = `/any/tile?access_token=${token}`
  for (const [path, headers, places] of [
    ['/header/tile', [...header, ...header], 'the Authorization header (2 times)'],
    [inQuery, header, 'the Authorization header, the query'],
    [inQuery, cookie, 'the query, the cookie map'],
    [`${inQuery}&access_token=x`, [], 'the query (2 times)'],
    [inQuery, [...header, ...cookie], 'the Authorization header, the query, the cookie map'],
  ] as const) {
    const { status, headers: answered, body } = await send(path, [...headers])
    const message = `Send exactly one credential; found: ${places}`
    expect([status, JSON.parse(body).message]).toEqual([400, message])
    expect(answered['www-authenticate']).toContain(`error_description="${message}"`)
    expect(JSON.stringify(answered) + body).not.toContain(token)
  }
})

describe('a cookie', () => {
  test('counts only where that is asked for, and then beside the header and the query', async () => {
    const cookie = { cookie: `other=1; map=${token}; x` }
    const ask = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}${path}`, { headers })).status
    expect(await ask('/cookie/tile', cookie)).toBe(200)
    expect(await ask('/any/tile', cookie)).toBe(200)
    expect(await ask('/any/tile', bearer)).toBe(200)
    expect(await ask(`/any/tile?access_token=${token}`)).toBe(200)
    expect(await ask('/header/tile', cookie)).toBe(401)
    expect(await ask('/query/tile', cookie)).toBe(401)
    expect(await ask('/cookie/tile', { cookie: `Map=${token}` })).toBe(401)
  })

  test('beside another credential is refused, whichever is good', async () => {
    const cookie = ['cookie', `map=${token}`]
    expect((await send('/any/tile', [...cookie, 'authorization', 'Bearer x'])).status).toBe(400)
    expect((await send(`/any/tile?access_token=${token}`, cookie)).status).toBe(400)
    expect((await send('/any/tile', ['cookie', `map=${token}; map=x`])).status).toBe(400)
    expect((await send('/any/tile', [...cookie, ...cookie])).status).toBe(400)
  })

  test('makes the answer vary by it', async () => {
    const response = await fetch(`${url}/cookie/tile`, { headers: { cookie: `map=${token}` } })
    expect(response.headers.get('vary')).toBe('Authorization, Cookie')
  })
})

test('without "vary" an answer is still private, but does not vary', async () => {
  const response = await fetch(`${url}/any/tile`, { headers: bearer })
  expect(response.headers.get('cache-control')).toMatch(/^private/)
  expect(response.headers.get('vary')).toBeNull()
})

describe('bodies of refusals', () => {
  test.each([
    ['oauth', 'application/json; charset=utf-8', { error: 'insufficient_scope' }],
    [
      'problem',
      'application/problem+json',
      { type: 'about:blank', title: 'Forbidden', status: 403, code: 'INSUFFICIENT_SCOPE' },
    ],
  ])('can be those of %s', async (path, type, body) => {
    const headers = { authorization: `Bearer ${issuer.sign({ scope: 'x' })}` }
    const response = await fetch(`${url}/${path}/tile`, { headers })
    expect([response.status, response.headers.get('content-type')]).toEqual([403, type])
    expect(await response.json()).toMatchObject(body)
    expect(response.headers.get('www-authenticate')).toMatch(/insufficient_scope/)
  })

  test('can be those of a function', async () => {
    const response = await fetch(`${url}/own-words/tile`)
    expect([response.status, response.headers.get('content-type')]).toEqual([401, 'text/x-error'])
    expect(await response.json()).toEqual({ no: [401, 'AUTH_REQUIRED'] })
  })
})

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
  ])('asks for %s with %j: %j', async (path, tiles, isPermitted) => {
    // Nothing is served at these paths: who passes gets 404.
    expect(await ask(path, tiles)).toBe(isPermitted ? 404 : 403)
  })

  test('is refused by a guard without tile rules', async () => {
    const response = await fetch(`${url}/header/tile`, { headers: restrict({ maxzoom: 30 }) })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'TILE_NOT_PERMITTED' })
  })

  test('opens nothing without the scope', async () => {
    const token = issuer.signTiles({ tilesets: ['a'] }, { scope: 'places:read' })
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${url}/tiles/a/3/4/2.pbf`, { headers })).status).toBe(403)
  })
})

describe('G4: private, Vary, and a strong ETag answered by 304', () => {
  test.each(['tile', 'raw'])('%s', async (path) => {
    const first = await fetch(`${url}/header/${path}`, { headers: bearer })
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w+/-]{20,}"$/)
    expect(first.headers.get('cache-control')).toBe('private, max-age=3600')
    expect(first.headers.get('vary')).toContain('Authorization')

    const renewed = issuer.sign({ jti: 'j2' })
    const headers = {
      authorization: `Bearer ${renewed}`,
      'if-none-match': etag,
    }
    const again = await fetch(`${url}/header/${path}`, { headers })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect(again.headers.get('etag')).toBe(etag)
    expect(again.headers.get('vary')).toContain('Authorization')
  })

  test('a file of express.static is private, and its 304 as well', async () => {
    const path = `${url}/header/files/support/issuer.ts`
    const first = await fetch(path, { headers: bearer })
    expect([first.status, first.headers.get('cache-control')]).toEqual([
      200,
      'private, max-age=3600',
    ])
    const etag = first.headers.get('etag') ?? ''
    const status = await new Promise((resolve) => {
      const headers = { ...bearer, 'if-none-match': etag }
      httpRequest(path, { headers }, (response) => resolve(response.resume().statusCode)).end()
    })
    expect(status).toBe(304)
  })

  test("a handler's own words win", async () => {
    const response = await fetch(`${url}/header/own`, { headers: bearer })
    expect(response.headers.get('etag')).toBe('"mine"')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('README: express.static with maxAge is public, and private with cacheControl: false', async () => {
    for (const [path, cacheControl] of [
      ['public', 'public, max-age=3600'],
      ['unsaid', 'private, max-age=3600'],
    ] as const) {
      const response = await fetch(`${url}/header/${path}/support/issuer.ts`, { headers: bearer })
      expect(response.headers.get('cache-control')).toBe(cacheControl)
    }
  })

  test('an error behind the guard is not cached', async () => {
    const response = await fetch(`${url}/header/absent`, { headers: bearer })
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store'])
  })
})

describe('G5: fail closed', () => {
  test('without keys it answers 503 and says when to come back', async () => {
    const response = await fetch(`${url}/nokeys/tile`, { headers: bearer })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('an unknown error is a bare 500', async () => {
    const response = await fetch(`${url}/down/tile`, { headers: bearer })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ message: 'Internal server error' })
  })
})

test('a preflight needs no credential', async () => {
  const response = await fetch(`${url}/header/tile`, {
    method: 'OPTIONS',
    headers: { origin: 'https://maps.example', 'access-control-request-method': 'GET' },
  })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-headers')).toMatch(
    /Authorization.*If-None-Match.*Range/,
  )
})

test('wrong options are refused at once', () => {
  expect(() => guard({ ...shared, scope: 'two scopes' })).toThrow(TypeError)
  // @ts-expect-error A name alone does not say of what.
  expect(() => guard({ ...shared, credentials: 'query' })).toThrow('"credentials" must be "header"')
  expect(() => guard({ ...shared, credentials: { query: '' } })).toThrow(TypeError)
  expect(() => guard({ ...shared, credentials: { cookie: 'a b' } })).toThrow(TypeError)
  expect(() => guard({ ...shared, tiles: '/no' })).toThrow(TypeError)
})

test('a verifier of tokens for some pages learns which page asks, and its refusal has CORS', async () => {
  for (const source of [
    { referer: 'https://maps.example/app' },
    { origin: 'https://maps.example' },
  ])
    expect((await fetch(`${url}/pages/tile`, { headers: { ...bearer, ...source } })).status).toBe(
      200,
    )
  const refused = await fetch(`${url}/pages/tile`, { headers: bearer })
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, '*'])
  expect(await refused.json()).toMatchObject({ message: 'Forbidden', code: 'SOURCE' })
})

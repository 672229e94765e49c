import { request } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerOptions, ConfigError, createBroker } from '../../../src/index.ts'
import { makeDataFolder, NOW, readClaims, startBroker } from '../../support/broker-under-test.ts'
import { serveHandlers } from '../../support/serve-handlers.ts'

const MAPS = 'https://maps.example'
const grants = {
  partner: { account: 'demo', scope: 'tiles:read', expiresInSeconds: 60, origins: [MAPS] },
  open: { account: 'demo', scope: 'tiles:read', origins: ['*'] },
  crowd: { account: 'demo', scope: 'tiles:read', expiresInSeconds: 600, shared: true },
}

/** Asks as a page of this host does: its Host and its Origin agree, which fetch cannot fake. */
function postAs(url: string, host: string, scheme = 'http'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, origin: `${scheme}://${host}` }
    request(`${url}/map-token`, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('a grant', () => {
  test('that the page does not name is the default one', async () => {
    const { post, broker } = await startBroker()
    const response = await post('/map-token')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const body = await response.json()
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      expires_at: new Date(NOW + 3_600_000).toISOString().replace('.000', ''),
      scope: 'tiles:read',
    })
    await expect(broker.verifier.verify(body.access_token)).resolves.toMatchObject({
      sub: expect.stringMatching(/^tok_short_/),
      parent: 'grant_default',
    })
  })

  test('can be named; the demo has one of 15 s', async () => {
    const { post } = await startBroker()
    expect(await (await post('/map-token', { grant: 'short' })).json()).toMatchObject({
      expires_in: 15,
    })
  })

  test('of the configuration comes before a seeded one of that name', async () => {
    const { post } = await startBroker({
      grants: { default: { account: 'demo', scope: 'tiles:read', expiresInSeconds: 2 } },
    })
    expect(await (await post('/map-token')).json()).toMatchObject({ expires_in: 2 })
  })

  test('that does not exist is 404; a name that is not a string is 400', async () => {
    const { post } = await startBroker()
    for (const name of ['x', '__proto__', 'constructor', ''])
      expect((await post('/map-token', { grant: name })).status).toBe(404)
    for (const body of [{ grant: 1 }, { grant: null }, '[]', '{'])
      expect((await post('/map-token', body)).status).toBe(400)
  })

  test.each([
    [
      { grants: 'short' },
      "The members of the body must be 'grant' and 'dataset' (given: 'grants')",
    ],
    [{ grant: 'short', expires_in: 9 }, "must be 'grant' and 'dataset' (given: 'expires_in')"],
    [{ 'eyJhbGciOiJIUzI1NiJ9.e30': 1 }, "The members of the body must be 'grant' and 'dataset'"],
  ])('is not replaced by the default one because of a mistyped member: %j', async (body, text) => {
    const { post } = await startBroker()
    const response = await post('/map-token', body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: expect.stringContaining(text),
    })
  })

  test('is asked for with POST', async () => {
    const { url } = await startBroker()
    const response = await fetch(`${url}/map-token`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('origins', () => {
  const ask = async (grant: 'partner' | 'open', origin: string) => {
    const { post } = await startBroker({ grants: { [grant]: grants[grant] } })
    return post('/map-token', { grant }, { origin })
  }

  test('a named origin gets a token and may read it', async () => {
    const response = await ask('partner', MAPS)
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      200,
      MAPS,
    ])
    expect(response.headers.get('vary')).toContain('Origin')
  })

  test.each([
    'https://evil.example',
    'https://maps.example.evil.example',
    'http://maps.example',
    'https://maps.example:8443',
    'null',
  ])('X10: %s gets 403, and may read that alone', async (origin) => {
    const response = await ask('partner', origin)
    expect([response.status, (await response.json()).error]).toEqual([403, 'origin_not_allowed'])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('a grant without origins is for pages of the same host', async () => {
    const { post, url } = await startBroker()
    expect((await post('/map-token', {}, { origin: url })).status).toBe(200)
    expect((await post('/map-token', {}, { origin: 'https://evil.example' })).status).toBe(403)
  })

  test('a foreign host name that resolves to us is not ours if publicUrl is configured', async () => {
    const { url } = await startBroker({ publicUrl: MAPS })
    const ask = (host: string) => postAs(url, host)
    expect(await ask('evil.example:8080')).toBe(403)
    expect(await ask('localhost:8080')).toBe(200)
    expect(await ask('192.168.1.5:8080')).toBe(200)
    expect(await ask('[::1]:8080')).toBe(200)
  })

  test('a foreign host name that resolves to us is not ours without publicUrl either', async () => {
    const { url } = await startBroker()
    const { port } = new URL(url)
    for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'nas'])
      for (const host of [`${name}:${port}`, name])
        expect([host, await postAs(url, host)]).toEqual([host, 403])
    for (const name of ['localhost', '127.0.0.1', '[::1]'])
      expect(await postAs(url, `${name}:${port}`)).toBe(200)
  })

  test('a foreign host name is not ours on a wildcard address, where clients use any name', async () => {
    const broker = await createBroker({ data: makeDataFolder(), demo: true })
    onTestFinished(() => broker.close())
    const { port } = await broker.listen(0, '0.0.0.0')
    const url = `http://127.0.0.1:${port}`
    expect(await postAs(url, `evil.example:${port}`)).toBe(403)
    expect(await postAs(url, `192.168.1.5:${port}`)).toBe(200)
    expect(await postAs(url, `localhost:${port}`)).toBe(200)
  })

  test.each<[string, BrokerOptions, string, number]>([
    ['its publicUrl', { publicUrl: `${MAPS}/tokens` }, 'maps.example', 200],
    ['its issuer, without a publicUrl', { issuer: MAPS }, 'maps.example', 200],
    [
      'another host than its publicUrl',
      { issuer: MAPS, publicUrl: 'https://b.example' },
      'maps.example',
      403,
    ],
    ['a host that resolves to it', { issuer: MAPS }, 'evil.example', 403],
    ['localhost', { issuer: MAPS }, 'localhost:3000', 200],
  ])('a mounted broker answers pages of %s as it should', async (_, options, host, status) => {
    const broker = await createBroker({ data: makeDataFolder(), demo: true, ...options })
    onTestFinished(() => broker.close())
    const url = await serveHandlers(broker.router)
    const scheme = host.startsWith('maps') ? 'https' : 'http'
    expect(await postAs(url, host, scheme)).toBe(status)
  })

  test('the refusal of an origin says what to set', async () => {
    const { post } = await startBroker()
    const response = await post('/map-token', {}, { origin: 'https://maps.example' })
    expect((await response.json()).error_description).toMatch(/origins of the grant.*publicUrl/)
  })

  test('a grant for "*" is for pages of every origin', async () => {
    expect((await ask('open', 'https://anyone.example')).status).toBe(200)
  })

  test('a preflight response says what a named origin may send', async () => {
    const { url } = await startBroker({ grants: { partner: grants.partner } })
    const preflight = (origin: string) =>
      fetch(`${url}/map-token`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    const good = await preflight(MAPS)
    expect([good.status, good.headers.get('access-control-allow-origin')]).toEqual([204, MAPS])
    expect(good.headers.get('access-control-allow-headers')).toContain('Content-Type')
  })
})

describe('a shared grant', () => {
  test('costs one token per half lifetime', async () => {
    const { post, clock } = await startBroker({ grants })
    const ask = async () => (await post('/map-token', { grant: 'crowd' })).json()
    const first = await Promise.all(Array.from({ length: 20 }, ask))
    expect(new Set(first.map(({ access_token }) => access_token)).size).toBe(1)
    clock.now += 299_000
    const late = await ask()
    expect(late.access_token).toBe(first[0].access_token)
    expect(late.expires_in).toBe(301)
    clock.now += 1_000
    const next = await ask()
    expect(next.access_token).not.toBe(first[0].access_token)
    expect(next.expires_in).toBe(600)
  })

  test('gets another token after "account expire" has revoked the first', async () => {
    const { post, clock, cli, broker } = await startBroker({ grants })
    const ask = async () =>
      (await (await post('/map-token', { grant: 'crowd' })).json()).access_token
    const first = await ask()
    clock.now += 1_500
    expect((await cli('account', 'expire', 'demo')).code).toBe(0)
    clock.now += 1_500
    // A revocation by another process counts within a second.
    await expect.poll(ask, { interval: 50 }).not.toBe(first)
    const second = await ask()
    await expect(broker.verifier.verify(first)).rejects.toThrow()
    await expect(broker.verifier.verify(second)).resolves.toBeDefined()
    expect(await ask()).toBe(second)
  })
})

test('the 601st request of a minute from one address is 429 with Retry-After', async () => {
  const { post } = await startBroker({ grants })
  const statuses: number[] = []
  for (let round = 0; round < 12; round++) {
    const batch = await Promise.all(
      Array.from({ length: 50 }, () => post('/map-token', { grant: 'crowd' }, { origin: MAPS })),
    )
    statuses.push(...batch.map(({ status }) => status))
  }
  expect(statuses.every((status) => status === 403)).toBe(true)
  const limited = await post('/map-token', { grant: 'partner' }, { origin: MAPS })
  expect([limited.status, (await limited.json()).error]).toEqual([429, 'rate_limited'])
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(limited.headers.get('access-control-allow-origin')).toBe(MAPS)
})

describe('invalid grants stop the start', () => {
  test.each([
    ['an unknown session', { session: 'x' }, 'grants.a.session: must be "none", "required"'],
    ['a shared session', { session: 'required', shared: true }, 'grants.a.session: must be "none"'],
    [
      'an unknown upstream',
      { upstream: 'x' },
      'grants.a.upstream: must be the name of one of "upstreams"',
    ],
    [
      'an unknown restriction',
      { tiles: { layers: [] } },
      'grants.a.tiles.layers: is unknown; use "tilesets"',
    ],
    ['no restriction', { tiles: {} }, 'grants.a.tiles: must restrict something'],
    ['a zoom', { tiles: { maxzoom: 31 } }, 'grants.a.tiles.maxzoom: must be a whole number from 0'],
    [
      'an area',
      { tiles: { bbox: [1, 2, 3] } },
      'grants.a.tiles.bbox: must be [west, south, east, north]',
    ],
    ['an unknown binding', { binding: true }, 'grants.a.binding: must be'],
    [
      'a path in an origin',
      { origins: ['https://x.example/'] },
      'grants.a.origins.0: must be an origin',
    ],
    [
      'a shared odd lifetime',
      { shared: true, expiresInSeconds: 3 },
      'grants.a.expiresInSeconds: must be even',
    ],
    [
      'an unknown account',
      { account: 'nobody' },
      'grants.a.account: must be an account that exists',
    ],
  ])('%s', async (_, change, message) => {
    const grant: object = { account: 'demo', scope: 'tiles:read', ...change }
    const options = { data: makeDataFolder(), demo: true, grants: { a: grant } }
    const start = createBroker(JSON.parse(JSON.stringify(options)))
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow(message)
  })
})

test('tokens of a grant are all different', async () => {
  const { post } = await startBroker()
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () =>
      readClaims((await (await post('/map-token')).json()).access_token),
    ),
  )
  expect(new Set(ids.map(({ sub }) => sub)).size).toBe(20)
  expect(new Set(ids.map(({ jti }) => jti)).size).toBe(20)
})

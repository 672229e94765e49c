import { describe, expect, test } from 'vitest'
import { type BrokerOptions, ConfigError, createBroker } from '../../../src/index.ts'
import { makeDataFolder, NOW, startBroker } from '../../support/broker-under-test.ts'

const rules = ['/data/{tileset}/{z}/{x}/{y}.pbf', { document: '/data/{tileset}.json' }] as const
const verify = { peers: ['127.0.0.1'], tiles: rules }
const grants = {
  few: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['world'], maxzoom: 3 } },
}

async function start(options: BrokerOptions = {}) {
  const running = await startBroker({ verify, grants, ...options })
  const mint = async (grant?: string): Promise<string> =>
    (await (await running.post('/map-token', grant ? { grant } : {})).json()).access_token
  const ask = (uri: string, token?: string, base = running.url) =>
    fetch(`${base}/verify`, {
      headers: {
        'x-original-uri': uri,
        'x-original-method': 'GET',
        ...(token && { authorization: `Bearer ${token}` }),
      },
    })
  return { ...running, mint, ask }
}

describe('GET /verify', () => {
  test('answers 204 for requests that the token permits, and 401 or 403 for others', async () => {
    const { ask, mint } = await start()
    const [full, few] = [await mint(), await mint('few')]
    for (const [uri, token, status] of [
      ['/data/world/3/4/2.pbf', full, 204],
      ['/data/world/4/4/2.pbf', full, 204],
      ['/data/world/3/4/2.pbf', few, 204],
      ['/data/world.json', few, 204],
      ['/data/world/4/4/2.pbf', few, 403],
      ['/data/other/3/4/2.pbf', few, 403],
      ['/styles/basic/style.json', few, 403],
      ['/data/world/3/4/2.pbf', undefined, 401],
      ['/data/world/3/4/2.pbf', 'x', 401],
      ['/data//world/3/4/2.pbf', full, 403],
    ] as const)
      expect([uri, (await ask(uri, token)).status]).toEqual([uri, status])
  })

  test('opens a query to a restricted token only as far as the rule names its parameters', async () => {
    const tiles = [{ tile: '/data/{tileset}/{z}/{x}/{y}.pbf', optional: ['v'] }]
    const { ask, mint } = await start({ verify: { ...verify, tiles } })
    const [full, few] = [await mint(), await mint('few')]
    for (const [query, token, status] of [
      ['v=1', few, 204],
      ['v=1&layer=secret', few, 403],
      ['v=1&layer=secret', full, 204],
    ] as const)
      expect([query, (await ask(`/data/world/3/4/2.pbf?${query}`, token)).status]).toEqual([
        query,
        status,
      ])
  })

  test('T16: refuses a revoked token at once', async () => {
    const { ask, cli, createToken } = await start()
    const token = await createToken('tiles:read')
    expect((await ask('/data/world.json', token)).status).toBe(204)
    const [{ id }] = JSON.parse((await cli('token', 'list', '--json')).out)
    await cli('token', 'revoke', id)
    await expect.poll(async () => (await ask('/data/world.json', token)).status).toBe(401)
  })

  test('reads the token from the query or a cookie if that is configured', async () => {
    const { ask, mint } = await start({ verify: { ...verify, credentials: { query: 'key' } } })
    const token = await mint()
    const answer = await ask(`/data/world.json?key=${token}`)
    expect([answer.status, answer.headers.get('x-tilepass-uri')]).toEqual([204, '/data/world.json'])
  })

  test('counts tiles like the broker’s own, and answers 403 past a limit', async () => {
    const { ask, mint, clock } = await start({
      budgets: { tilesPerToken: 3 },
      geog: { tilesPerDay: 4 },
    })
    const tile = '/data/world/3/4/2.pbf'
    const [one, other] = [await mint(), await mint()]
    const read = async (token: string, uri = tile) => {
      const { status, headers } = await ask(uri, token)
      return [status, headers.get('x-tilepass-status')]
    }
    for (let count = 0; count < 3; count++) expect(await read(one)).toEqual([204, null])
    expect(await read(one)).toEqual([403, '429'])
    expect(await read(one, '/data/world.json')).toEqual([204, null])
    expect(await read(other)).toEqual([204, null])
    const refused = await ask(tile, other)
    expect(refused.headers.get('x-tilepass-status')).toBe('429')
    expect(refused.headers.get('x-ratelimit-tiles-limit')).toBe('4')
    clock.now += 86_400_000
    expect(await read(await mint())).toEqual([204, null])
  })

  test('G3: does not exist without configured peers, and refuses other peers', async () => {
    const without = await startBroker()
    expect((await fetch(`${without.url}/verify`)).status).toBe(404)
    const { ask, mint } = await start({ verify: { peers: ['192.0.2.1'] } })
    const refused = await ask('/data/world.json', await mint())
    expect([refused.status, (await refused.json()).code]).toEqual([403, 'FOREIGN_PEER'])
  })

  test('can have its own listener, and is then absent from the main one', async () => {
    const data = makeDataFolder()
    const options = { data, demo: true, now: () => NOW, verify: { ...verify, port: 0 } }
    const broker = await createBroker(options)
    const { url, verifyUrl = '' } = await broker.listen(0)
    const page = await fetch(`${url}/map-token`, { method: 'POST' })
    const headers = {
      'x-forwarded-uri': '/data/world.json',
      'x-forwarded-method': 'GET',
      authorization: `Bearer ${(await page.json()).access_token}`,
    }
    expect((await fetch(`${verifyUrl}/verify`, { headers })).status).toBe(204)
    expect((await fetch(`${url}/verify`, { headers })).status).toBe(404)
    expect((await fetch(`${verifyUrl}/map-token`, { method: 'POST' })).status).toBe(404)
    await broker.close()
    await expect(fetch(`${verifyUrl}/verify`, { headers })).rejects.toThrow()
  })
})

test.each([
  [{ peers: [] }, 'verify.peers: must not be empty'],
  [{ peers: ['localhost'] }, 'verify.peers.0: must be an address'],
  [{ peers: ['::1'], tiles: ['/{z}'] }, 'verify.tiles.0: "/{z}" must contain {z}, {x} and {y}'],
  [
    { peers: ['::1'], tiles: ['/wmts?layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}'] },
    'tilecol={x}" must give the parameters "service", "request", "tilematrixset" one value each',
  ],
  [
    { peers: ['::1'], tiles: [{ tile: '/{z}/{x}/{y}', optional: ['a[]'] }] },
    'verify.tiles.0: "optional" must be a list of names',
  ],
  [{ peers: ['::1'], tiles: [{ file: 'a' }] }, 'verify.tiles.0: must be a template'],
  [{ peers: ['::1'], port: -1 }, 'verify.port: must be a whole number'],
])('%j stops the start', async (settings, message) => {
  const options = { data: makeDataFolder(), verify: settings }
  const start = createBroker(JSON.parse(JSON.stringify(options)))
  await expect(start).rejects.toThrow(ConfigError)
  await expect(start).rejects.toThrow(message)
})

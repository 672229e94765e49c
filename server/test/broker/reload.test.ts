import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type BrokerOptions,
  type BrokerSettings,
  ConfigError,
  createBroker,
} from '../../src/index.ts'
import {
  copyKeyedFolder,
  NOW,
  readClaims,
  runCommand,
  storeSettings,
  watchLog,
} from '../support/broker-under-test.ts'
import { WORLD } from '../support/second-broker.ts'

const DEMO = { account: 'demo', scope: 'tiles:read' }

async function start(settings: BrokerSettings = {}, options: BrokerOptions = {}) {
  const { logger, logged } = watchLog()
  const clock = { now: NOW }
  const data = await copyKeyedFolder()
  const given = { demo: true, ...settings, ...(await storeSettings(data)) }
  const broker = await createBroker({ ...given, logger, now: () => clock.now, ...options })
  onTestFinished(() => broker.close())
  const { url } = await broker.listen(0)
  return {
    broker,
    clock,
    url,
    logged,
    data,
    /** With everything that was given at the start, except these settings. */
    reload: (changed: BrokerSettings) => broker.reload({ ...given, ...changed }),
    ask: async (grant = 'default', headers: Record<string, string> = {}) =>
      fetch(`${url}/map-token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ grant }),
      }),
  }
}

const readToken = async (response: Response): Promise<string> =>
  (await response.json()).access_token

describe('reload() with settings', () => {
  test('replaces grants, and ends those that are gone', async () => {
    const { ask, reload } = await start({ grants: { old: DEMO } })
    expect((await ask('old')).status).toBe(200)
    expect(await reload({ grants: { city: { ...DEMO, expiresInSeconds: 60 } } })).toEqual([])
    expect((await ask('old')).status).toBe(404)
    expect((await (await ask('city')).json()).expires_in).toBe(60)
  })

  test('gives pages no token that a shared grant had before', async () => {
    const shared = { ...DEMO, shared: true }
    const { ask, reload } = await start({ grants: { map: shared } })
    const before = await readToken(await ask('map'))
    await reload({ grants: { map: { ...shared, scope: 'tiles:read places:read' } } })
    const after = await readToken(await ask('map'))
    expect([readClaims(before).scope, readClaims(after).scope]).toEqual([
      'tiles:read',
      'tiles:read places:read',
    ])
  })

  test('replaces the origins of a grant', async () => {
    const { ask, reload } = await start({
      grants: { map: { ...DEMO, origins: ['https://one.example'] } },
    })
    const statuses = async () => [
      (await ask('map', { origin: 'https://one.example' })).status,
      (await ask('map', { origin: 'https://two.example' })).status,
    ]
    expect(await statuses()).toEqual([200, 403])
    await reload({ grants: { map: { ...DEMO, origins: ['https://two.example'] } } })
    expect(await statuses()).toEqual([403, 200])
  })

  test('changes limits, and keeps what they have counted', async () => {
    const { ask, reload } = await start({ mapTokenPerMinute: 2 })
    const statuses = async (count: number) => {
      const all: number[] = []
      for (let times = 0; times < count; times += 1) all.push((await ask()).status)
      return all
    }
    expect(await statuses(3)).toEqual([200, 200, 429])
    await reload({ mapTokenPerMinute: 5 })
    expect(await statuses(3)).toEqual([200, 200, 429])
    await reload({ mapTokenPerMinute: 1 })
    expect(await statuses(1)).toEqual([429])
  })

  test('changes the tiles of a day and the budgets of a token', async () => {
    const { url, ask, reload } = await start({ tilesets: { world: { path: WORLD } } })
    const token = await readToken(await ask())
    const read = async () =>
      (
        await fetch(`${url}/v1/tiles/world/0/0/0.mvt`, {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status
    expect(await read()).toBe(200)
    await reload({ geog: { tilesPerDay: 2 } })
    expect([await read(), await read()]).toEqual([200, 429])
    await reload({ budgets: { tilesPerToken: 1 } })
    expect([await read(), await read()]).toEqual([200, 429])
    await reload({})
    expect(await read()).toBe(200)
  })

  test('replaces upstreams, and asks again with what a grant now says', async () => {
    const create = (name: string, asked: string[]) => async () => {
      asked.push(name)
      return { token: `token-${name}-${asked.length}`, expiresInSeconds: 600 }
    }
    const asked: string[] = []
    const own = create('own', asked)
    const grants = { map: { upstream: 'own' } }
    const { ask, reload } = await start({ upstreams: { own }, grants })
    expect(await readToken(await ask('map'))).toBe('token-own-1')
    // The same upstream and grant: pages go on with the token that they share.
    await reload({ upstreams: { own }, grants, mapTokenPerMinute: 500 })
    expect(await readToken(await ask('map'))).toBe('token-own-1')
    await reload({ upstreams: { own }, grants: { map: { ...grants.map, scope: 'a' } } })
    expect(await readToken(await ask('map'))).toBe('token-own-2')
    await reload({ upstreams: { own: create('other', asked) }, grants })
    expect(await readToken(await ask('map'))).toBe('token-other-3')
    await reload({ grants: {}, upstreams: {} })
    expect((await ask('map')).status).toBe(404)
  })

  test('lets a request that is under way end as it began', async () => {
    let answer: (() => void) | undefined
    const own = () =>
      new Promise<{ token: string; expiresInSeconds: number }>((resolve) => {
        answer = () => resolve({ token: 'opaque', expiresInSeconds: 60 })
      })
    const { ask, reload } = await start({
      upstreams: { own },
      grants: { map: { upstream: 'own' } },
    })
    const asking = ask('map')
    await expect.poll(() => answer).toBeDefined()
    await reload({ upstreams: {}, grants: {} })
    answer?.()
    expect((await asking).status).toBe(200)
  })

  test('changes how many tiles are logged', async () => {
    const { url, ask, reload, logged } = await start({ tilesets: { world: { path: WORLD } } })
    const headers = { authorization: `Bearer ${await readToken(await ask())}` }
    const read = () => fetch(`${url}/v1/tiles/world/0/0/0.mvt`, { headers })
    await read()
    await expect.poll(logged).toContain('0.mvt')
    await reload({ logTiles: 0 })
    const before = logged().split('0.mvt').length
    await read()
    await fetch(`${url}/healthz`)
    await expect.poll(logged).toContain('/healthz')
    expect(logged().split('0.mvt').length).toBe(before)
  })

  test('keeps router and verifier, revocations and what the host application holds', async () => {
    const { broker, ask, reload, data, clock } = await start({ issuer: 'https://maps.example' })
    const { router, verifier } = broker
    const token = await readToken(await ask())
    await reload({ grants: { more: DEMO } })
    expect([broker.router, broker.verifier]).toEqual([router, verifier])
    expect((await verifier.verify(token)).sub).toBe(readClaims(token).sub)
    await runCommand(data, ['account', 'disable', 'demo', '--yes'], { now: () => clock.now })
    const verify = () => verifier.verify(token).catch(({ code }) => code)
    await expect.poll(verify).toBe('INVALID_TOKEN')
  })

  test('names what counts only after a restart, and applies the rest', async () => {
    const { ask, reload, logged } = await start()
    const changed = {
      data: await copyKeyedFolder(),
      issuer: 'https://other.example',
      trustProxy: ['loopback'],
      grants: { city: DEMO },
    }
    expect(await reload(changed)).toEqual(['data', 'trustProxy', 'issuer'])
    expect(logged()).toContain('"settings":["data","trustProxy","issuer"]')
    expect((await ask('city')).status).toBe(200)
  })
})

describe('a reload with a fault changes nothing, and names every fault', () => {
  test.each<[string, BrokerSettings, string[]]>([
    [
      'in the form of a setting',
      { mapTokenPerMinute: 0, logTiles: 2 } as BrokerSettings,
      ['logTiles: ', 'mapTokenPerMinute: '],
    ],
    ['in a name', { colour: 'red' } as BrokerSettings, ['colour: not a known field']],
    [
      'in an account or a secret that is missing',
      {
        grants: { map: { account: 'nobody', scope: 'tiles:read' } },
        upstreams: { geog: { kind: 'geog', token: { env: 'MAP_API_TOKEN' } } },
      },
      ['grants.map.account: ', 'upstreams.geog.token: '],
    ],
    [
      'in the upstream of a grant',
      { grants: { map: { upstream: 'gone' } } },
      ['grants.map.upstream: '],
    ],
  ])('%s', async (_, wrong, fields) => {
    const { broker, ask, url, reload, data, logged } = await start(
      { mapTokenPerMinute: 3, grants: { map: DEMO } },
      { env: {} },
    )
    const faults = await broker
      .reload({ demo: true, ...(await storeSettings(data)), grants: { other: DEMO }, ...wrong })
      .catch((error: unknown) => (error instanceof ConfigError ? error.faults : []))
    expect(faults).toEqual(fields.map((field) => expect.stringContaining(field)))
    const grants = [await ask('map'), await ask('other')].map(({ status }) => status)
    expect(grants).toEqual([200, 404])
    expect([(await ask('map')).status, (await ask('map')).status]).toEqual([200, 429])
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(logged()).not.toContain('was reloaded')
    // A later one without faults counts.
    await reload({ grants: { other: DEMO }, mapTokenPerMinute: 9 })
    expect((await ask('other')).status).toBe(200)
  })
})

test('a fault in a grant leaves the upstreams as they were', async () => {
  const own = async () => ({ token: 'opaque', expiresInSeconds: 60 })
  const settings = { upstreams: { own }, grants: { map: { upstream: 'own' } } }
  const { ask, reload } = await start(settings)
  const wrong = { map: { account: 'nobody', scope: 'tiles:read' } }
  await expect(reload({ upstreams: {}, grants: wrong })).rejects.toThrow(ConfigError)
  expect((await ask('map')).status).toBe(200)
})

test('reloads at the same time are applied in their order', async () => {
  const { ask, reload } = await start()
  await Promise.all([
    reload({ grants: { one: DEMO } }),
    reload({ grants: { two: DEMO } }).then(() => reload({ grants: { four: DEMO } })),
    reload({ grants: { three: DEMO } }),
  ])
  const found = await Promise.all(
    ['one', 'two', 'three', 'four'].map(async (grant) => (await ask(grant)).status),
  )
  expect(found).toEqual([404, 404, 404, 200])
})

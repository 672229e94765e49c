import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { listUsage } from '../../src/store/usage.ts'
import { createUsage } from '../../src/usage/usage.ts'
import { makeDataFolder, NOW, readClaims, startBroker } from '../support/broker-under-test.ts'
import { lockStore, openStoreOf } from '../support/store-under-test.ts'

const path = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const DAY = 86_400_000
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function start() {
  const running = await startBroker({ tilesets: { world: { path } } })
  const readTile = (token: string) =>
    fetch(`${running.url}/v1/tiles/world/0/0/0.mvt`, { headers: bearer(token) })
  const bill = async (token: string, query = '') => {
    const response = await fetch(`${running.url}/v1/billing/usage${query}`, {
      headers: bearer(token),
    })
    return { status: response.status, body: await response.json() }
  }
  return { ...running, readTile, bill }
}

describe('billing', () => {
  test('reports uses per day and token, and an access token counts for its subject token', async () => {
    const { createToken, post, readTile, bill, clock } = await start()
    const subject = await createToken('tiles:read')
    const biller = await createToken('billing:manage')
    const child = (await (await post('/v1/auth/token', {}, bearer(subject))).json()).access_token
    for (const token of [subject, child, child]) await readTile(token)
    const page = (await (await post('/map-token')).json()).access_token
    await readTile(page)
    const { sub: id, org_id } = readClaims(subject)
    expect((await bill(biller)).body).toEqual({
      org_id,
      from: '2026-12-17',
      to: '2027-01-15',
      total: { tiles: 4, exchange: 1 },
      usage: [
        { day: '2027-01-15', token: 'grant_default', use: 'tiles', count: 1 },
        { day: '2027-01-15', token: id, use: 'exchange', count: 1 },
        { day: '2027-01-15', token: id, use: 'tiles', count: 3 },
      ],
    })
    clock.now += DAY / 2
    await readTile(page)
    await readTile(subject)
    const { body } = await bill(biller, '?from=2027-01-15&to=2027-01-15')
    expect(body.total.tiles).toBe(5)
  })

  test.each([
    '?from=x',
    '?from=2027-02-30',
    '?to=2027-01-15&to=2027-01-15',
    '?from=2027-01-16',
    '?from=2020-01-01',
  ])('%s is 400', async (query) => {
    const { createToken, bill } = await start()
    const { status, body } = await bill(await createToken('billing:manage'), query)
    expect([status, body.code]).toEqual([400, 'INVALID_REQUEST'])
  })
})

test('token list shows the last use of a token and its count', async () => {
  const { createToken, readTile, cli, clock, broker } = await start()
  const token = await createToken('tiles:read')
  const list = async () => JSON.parse((await cli('token', 'list', '--json')).out)[0]
  expect(await list()).toMatchObject({ last_used: null, used_today: 0, used_total: 0 })
  await readTile(token)
  clock.now += DAY / 4
  await readTile(token)
  await broker.close()
  const lastUsed = new Date(clock.now).toISOString()
  expect(await list()).toMatchObject({ last_used: lastUsed, used_today: 2, used_total: 2 })
  expect((await cli('token', 'list')).out).toMatch(/2\/2/)
})

test('a use causes no write, and a locked store gets the counts later', async () => {
  const folder = makeDataFolder()
  const store = await openStoreOf(folder, { patience: 50 })
  const failures: unknown[] = []
  const usage = createUsage(
    store,
    () => NOW,
    (error) => failures.push(error),
  )
  const user = { sub: 'tok_1', org_id: 'org_1' }
  const read = () => listUsage(store, 'org_1', '2027-01-15', '2027-01-15')
  for (let count = 0; count < 1000; count++) usage.record(user, 'tiles')
  expect(await read()).toEqual([])
  const unlock = await lockStore(folder)
  await usage.flush()
  expect(failures).toHaveLength(1)
  await unlock()
  usage.record(user, 'tiles')
  await usage.close()
  expect(await read()).toMatchObject([{ token: 'tok_1', use: 'tiles', count: 1001 }])
  await store.close()
})

test('counts are not written twice if reading the totals fails', async () => {
  const store = await openStoreOf(makeDataFolder())
  let broken = false
  const db = store.db.withPlugin({
    transformQuery: ({ node }) => {
      if (broken && node.kind === 'SelectQueryNode') throw new Error('no reading now')
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const failures: unknown[] = []
  const usage = createUsage(
    { ...store, db },
    () => NOW,
    (error) => failures.push(error),
  )
  const user = { sub: 'tok_1', org_id: 'org_1' }
  expect(await usage.recordWithin(user, 'tiles', 3)).toBe(1)
  broken = true
  await usage.flush()
  expect(failures).toHaveLength(1)
  broken = false
  expect(await usage.recordWithin(user, 'tiles', 3)).toBe(2)
  await usage.close()
  const written = await listUsage(store, 'org_1', '2027-01-15', '2027-01-15')
  expect(written).toMatchObject([{ count: 2 }])
  await store.close()
})

test('two processes on one store share a limit', async () => {
  const folder = makeDataFolder()
  const stores = await Promise.all([openStoreOf(folder), openStoreOf(folder)])
  const user = { sub: 'tok_1', org_id: 'org_1' }
  const [one, two] = stores.map((store) =>
    createUsage(
      store,
      () => NOW,
      () => undefined,
    ),
  )
  expect(await one?.recordWithin(user, 'tiles', 3)).toBe(1)
  expect(await one?.recordWithin(user, 'tiles', 3)).toBe(2)
  await one?.flush()
  expect(await two?.recordWithin(user, 'tiles', 3)).toBe(3)
  expect(await two?.recordWithin(user, 'tiles', 3)).toBeUndefined()
  await two?.flush()
  await one?.flush()
  one?.record(user, 'other')
  await one?.flush()
  expect(await one?.recordWithin(user, 'tiles', 3)).toBeUndefined()
  await Promise.all([one?.close(), two?.close()])
  await Promise.all(stores.map((store) => store.close()))
})

test('a use of an API token counts at every API, not only for tiles', async () => {
  const { createToken, post, cli, url, broker } = await startBroker()
  const token = await createToken('tiles:read')
  const client = { client_id: String(readClaims(token).sub), client_secret: token, token }
  const init = { method: 'POST', body: new URLSearchParams(client) }
  expect((await fetch(`${url}/oauth/introspect`, init)).status).toBe(200)
  const absent = '2489e9ad-2ee2-4e00-8ec9-32d5f69181c0'
  await post(`/auth/download-token/${absent}`, undefined, { 'x-api-key': token })
  await broker.close()
  const [row] = JSON.parse((await cli('token', 'list', '--json')).out)
  expect(row).toMatchObject({ used_total: 2, last_used: new Date(NOW).toISOString() })
})

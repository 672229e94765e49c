import { beforeAll, expect, test } from 'vitest'
import { readClaims } from '../support/broker-under-test.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
  WORLD,
} from '../support/second-broker.ts'

setUpSecondBrokers()

let geog: SecondBroker
let token: string

beforeAll(async () => {
  geog = await startSecondBroker({ tilesets: { world: { path: WORLD } } })
  token = await geog.cli(
    'token',
    'create',
    '--account',
    'city',
    '--scope',
    'tiles:read places:read',
  )
})

const relay = () =>
  startRelay({
    upstreams: { geog: { kind: 'geog', url: geog.url, token: writeSecret(token).source } },
    grants: { default: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60 } },
  })

test("a page gets the upstream's token by the same route, and the token opens the upstream's tiles", async () => {
  const { post } = await relay()
  const response = await post('/map-token')
  const body = await response.json()
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(body).toMatchObject({ token_type: 'Bearer', scope: 'tiles:read' })
  expect(readClaims(body.access_token)).toMatchObject({ iss: geog.url, scope: 'tiles:read' })
  const tile = await fetch(`${geog.url}/v1/tiles/world/0/0/0.mvt`, {
    headers: { authorization: `Bearer ${body.access_token}` },
  })
  expect(tile.status).toBe(200)
})

test('U3: the lifetime that a page gets never extends beyond the end of the token', async () => {
  const { post } = await relay()
  const askedAt = Date.now()
  const body = await (await post('/map-token')).json()
  const end = Number(readClaims(body.access_token).exp) * 1000
  expect(Date.parse(body.expires_at)).toBeLessThanOrEqual(end)
  expect(body.expires_in).toBeGreaterThanOrEqual(50)
  expect(askedAt + body.expires_in * 1000).toBeLessThanOrEqual(end)
})

test('1,000 concurrent requests on a shared grant cost one upstream call', async () => {
  // In a separate process, so that the broker and its 1,000 clients do not slow each other down.
  const broker = await startSecondBroker({
    mapTokenPerMinute: 10_000,
    // A proxy may have any number of connections.
    trustProxy: ['loopback'],
    upstreams: { geog: { kind: 'geog', url: geog.url, token: writeSecret(token).source } },
    grants: { default: { upstream: 'geog', scope: 'tiles:read' } },
  })
  const countExchanges = () => geog.printed().split('"path":"/v1/auth/token"').length - 1
  const before = countExchanges()
  const ask = () => fetch(`${broker.url}/map-token`, { method: 'POST' })
  const statuses = await Promise.all(
    Array.from({ length: 1000 }, () => ask().then(({ status }) => status)),
  )
  expect(statuses.filter((status) => status === 200)).toHaveLength(1000)
  await expect.poll(countExchanges, { timeout: 10_000 }).toBe(before + 1)
})

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createBroker } from '../../src/index.ts'
import { makeDataFolder, runCommand, watchLog } from '../support/broker-under-test.ts'
import { type Cluster, startCluster } from '../support/postgres-cluster.ts'
import { findValue, scrape } from '../support/scrape.ts'
import { DATABASE_KEY, makeKeyText } from '../support/sealing-keys.ts'

/** Within this time a client has its 503, in ms; and a machine that is busy with other tests its answer. */
const ANSWERED_WITHIN = 2_000
const HEALED_WITHIN = 5_000
const KNOWN_FOR = 10_000

let cluster: Cluster
beforeAll(async () => {
  // What was committed must outlive the crash.
  cluster = await startCluster(() => ['synchronous_commit=on'])
})
afterAll(() => cluster.remove())

const path = new URL('../../../examples/demo-data/world.pmtiles', import.meta.url).pathname
let databases = 0

async function start() {
  const name = `outage_${databases++}`
  await cluster.run(`create database ${name}`)
  const broker = await createBroker({
    data: makeDataFolder(),
    databaseUrl: () => `${cluster.url}/${name}`,
    secretKey: () => makeKeyText(DATABASE_KEY),
    demo: true,
    issuer: 'https://maps.example',
    tilesets: { world: { path } },
    metrics: { port: 0 },
    verify: { peers: ['loopback'], tiles: ['/data/{tileset}/{z}/{x}/{y}.pbf'] },
    logger: watchLog().logger,
  })
  onTestFinished(() => broker.close())
  const { url, metricsUrl = '' } = await broker.listen(0)
  const env = {
    TILEPASS_DATABASE_URL: `${cluster.url}/${name}`,
    TILEPASS_SECRET_KEY: makeKeyText(DATABASE_KEY),
  }
  const scope = ['--scope', 'styles:tiles', '--format', 'mapbox']
  const create = ['token', 'create', '--account', 'demo', ...scope]
  const pk = (await runCommand('', create, { env, now: Date.now })).out.trim()
  const post = (to: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}${to}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const { access_token: access } = await (await post('/map-token', {})).json()
  const authorization = `Bearer ${access}`
  const readTile = () => fetch(`${url}/v1/tiles/world/0/0/0.mvt`, { headers: { authorization } })
  const verify = () =>
    fetch(`${url}/verify`, {
      headers: {
        authorization,
        'x-original-uri': '/data/world/0/0/0.pbf',
        'x-original-method': 'GET',
      },
    })
  const readMapboxTile = () => fetch(`${url}/v1/tiles/world/0/0/0.mvt?access_token=${pk}`)
  return { url, metricsUrl, post, readTile, readMapboxTile, verify }
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** A request of each API that needs the database, and the shape of its refusal. */
const SURFACES = [
  ['/map-token', {}, {}, { error: 'temporarily_unavailable' }],
  ['/token', { username: 'demo', password: 'x' }, {}, { error: 'temporarily_unavailable' }],
  [
    '/v1/auth/token',
    {},
    { authorization: 'Bearer TOKEN' },
    { success: false, error: 'temporarily_unavailable' },
  ],
  [
    '/auth/download-token/00000000-0000-4000-8000-000000000000',
    {},
    {},
    { detail: expect.any(String) },
  ],
  [
    '/oauth/token',
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=TOKEN&subject_token_type=urn:ietf:params:oauth:token-type:access_token',
    FORM,
    { error: 'temporarily_unavailable' },
  ],
] as const

const OUTAGES = [
  ['is stopped', () => cluster.kill(), () => cluster.start()],
  ['hangs', async () => cluster.signal('SIGSTOP'), async () => cluster.signal('SIGCONT')],
] as const

describe.each(OUTAGES)('F4: a database that %s', (_, begin, end) => {
  test('is 503 within 2 s in the shape of each API, tiles go on for 10 s, and all heals within 5 s', async ({
    annotate,
  }) => {
    const { url, post, readTile, readMapboxTile, verify, metricsUrl } = await start()
    const tileStatuses = async () => [
      (await readTile()).status,
      (await readMapboxTile()).status,
      (await verify()).status,
    ]
    expect(await tileStatuses()).toEqual([200, 200, 204])
    await begin()
    const awayAt = performance.now()
    const getAge = () => performance.now() - awayAt
    try {
      // What is known counts for a quarter of a second for everything.
      await new Promise((resolve) => setTimeout(resolve, 300))
      const answers = await Promise.all(
        SURFACES.map(async ([to, body, headers, shape]) => {
          const askedAt = performance.now()
          const response = await post(to, body, headers)
          const took = performance.now() - askedAt
          return { to, status: response.status, took, body: await response.json(), shape }
        }),
      )
      for (const { to, status, took, body, shape } of answers) {
        expect([to, status]).toEqual([to, 503])
        expect(body).toMatchObject(shape)
        expect(took).toBeLessThan(ANSWERED_WITHIN)
      }
      expect((await fetch(`${url}/readyz`)).status).toBe(503)
      expect(
        findValue(await scrape(metricsUrl), 'tilepass_store_errors_total{kind="unavailable"}'),
      ).toBeGreaterThan(0)

      while (getAge() < KNOWN_FOR - 1_500) {
        const askedAt = performance.now()
        expect(await tileStatuses()).toEqual([200, 200, 204])
        expect(performance.now() - askedAt).toBeLessThan(1_500)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      // Gateways understand no 503.
      await expect.poll(tileStatuses, { timeout: 8_000 }).toEqual([503, 503, 403])
      expect(getAge()).toBeGreaterThan(KNOWN_FOR - 1_000)
      const askedAt = performance.now()
      expect((await verify()).headers.get('x-tilepass-status')).toBe('503')
      expect(performance.now() - askedAt).toBeLessThan(ANSWERED_WITHIN)
    } finally {
      await end()
    }
    const backAt = performance.now()
    const isHealed = async () => [
      (await readTile()).status,
      (await verify()).status,
      (await post('/map-token', {})).status,
    ]
    await expect.poll(isHealed, { timeout: HEALED_WITHIN }).toEqual([200, 204, 200])
    await annotate(`healed after ${Math.round(performance.now() - backAt)} ms`)
  }, 60_000)
})

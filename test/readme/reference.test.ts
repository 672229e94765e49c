import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrokerOptions, createBroker } from '@tilepass/broker'
import { expect, onTestFinished, test } from 'vitest'
import { createJsonSchema } from '../../server/src/config/json-schema.ts'
import { SURFACE_NAMES } from '../../server/src/surfaces/names.ts'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import { listRoutes } from '../support/brokers/list-routes.ts'
import { renderCommands } from '../support/reference/commands.ts'
import { renderConfiguration } from '../support/reference/configuration.ts'
import { renderExports } from '../support/reference/exports.ts'
import { renderHttp, type SurfaceRoute } from '../support/reference/http.ts'
import { ROUTES } from '../support/reference/routes.ts'
import { demoData, root } from '../support/repository.ts'

// "npm run reference" writes these files; without it a difference fails.
const page = (name: string) => join(root, 'docs/reference', name)

test('the reference of the configuration and the JSON Schema are those of the code', async () => {
  const schema = createJsonSchema()
  await expect(renderConfiguration(schema)).toMatchFileSnapshot(page('configuration.md'))
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
    join(root, 'server/tilepass.schema.json'),
  )
})

test('every setting has a description', () => {
  const rows = renderConfiguration(createJsonSchema()).matchAll(/^\| `(.*?)` \|.*\| (.*) \|$/gm)
  const described = [...rows].map(([, name, meaning]) => [name, meaning])
  expect(described.length).toBeGreaterThan(60)
  expect(described.filter(([, meaning]) => meaning === '')).toEqual([])
})

test('the reference of the commands is their help', async () => {
  await expect(renderCommands()).toMatchFileSnapshot(page('commands.md'))
})

test('the reference of the exports names every export of every package, and says what it is', async () => {
  const text = renderExports()
  await expect(text).toMatchFileSnapshot(page('exports.md'))
  expect(text).not.toMatch(/\| {2}\|$/m)
})

test('the reference of HTTP has every route of the broker and no other', async () => {
  const everything: BrokerOptions = {
    issuer: 'https://maps.example',
    tilesets: { world: { path: demoData('world.pmtiles') } },
    geog: { places: demoData('places.geojson') },
  }
  const list = async (surfaces: NonNullable<BrokerOptions['surfaces']>) => {
    const data = mkdtempSync(join(tmpdir(), 'tilepass-reference-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const broker = await createBroker({ ...everything, data, surfaces })
    onTestFinished(() => broker.close())
    return listRoutes(broker)
  }
  const alwaysOn = await list(Object.fromEntries(SURFACE_NAMES.map((name) => [name, false])))
  const isIn = (routes: typeof alwaysOn) => (route: SurfaceRoute | (typeof alwaysOn)[number]) =>
    routes.some(({ method, path }) => method === route.method && path === route.path)
  const routes: SurfaceRoute[] = alwaysOn.map((route) => ({ ...route, surface: 'well-known' }))
  const all = await list({})
  for (const surface of SURFACE_NAMES) {
    const others = await list({ [surface]: false })
    const own = all.filter((route) => !isIn(others)(route))
    routes.push(...own.map((route) => ({ ...route, surface })))
  }
  expect(all.filter((route) => !isIn(routes)(route))).toEqual([])
  await expect(renderHttp([...routes, ...OUTSIDE])).toMatchFileSnapshot(page('http.md'))
})

/** Routes that are not in the broker's router, or answer every method. */
const OUTSIDE: readonly SurfaceRoute[] = [
  { method: 'GET', path: '/verify', surface: 'verify' },
  { method: 'GET', path: '/healthz', surface: 'health' },
  { method: 'GET', path: '/readyz', surface: 'health' },
  { method: 'GET', path: '/metrics', surface: 'metrics' },
]

test('the routes outside of the router exist', async () => {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-reference-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const broker = await createBroker({ data, verify: { peers: ['loopback'] }, metrics: { port: 0 } })
  onTestFinished(() => broker.close())
  const { url, metricsUrl = '' } = await broker.listen(0)
  const statuses = await Promise.all(
    OUTSIDE.map(async ({ path, surface }) => {
      const base = surface === 'metrics' ? metricsUrl : url
      return (await fetch(base + path)).status
    }),
  )
  expect(statuses).not.toContain(404)
})

const JWT_SCOPES = ['tiles:read', 'places:read', 'billing:manage', 'admin:access']

test('each route with a scope refuses requests without a token, and tokens with every other scope', async () => {
  const { url, createToken } = await startBroker({
    tilesets: { world: { path: demoData('world.pmtiles') } },
    geog: { places: demoData('places.geojson') },
  })
  let count = 0
  for (const [route, { needs }] of Object.entries(ROUTES)) {
    const scope = JWT_SCOPES.find((each) => needs.startsWith(`\`${each}\``))
    if (scope === undefined) continue
    count += 1
    const [method = '', path = ''] = route.split(' ')
    const target = `${url}${path.replace(':z/:x/:file', '0/0/0.mvt').replaceAll(/:\w+/g, 'world')}`
    const others = await createToken(JWT_SCOPES.filter((each) => each !== scope).join(' '))
    const withOthers = { method, headers: { authorization: `Bearer ${others}` } }
    const statuses = [
      (await fetch(target, { method })).status,
      (await fetch(target, withOthers)).status,
    ]
    expect([route, ...statuses]).toEqual([route, 401, 403])
  }
  expect(count).toBeGreaterThan(12)
})

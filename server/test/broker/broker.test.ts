import { fileURLToPath } from 'node:url'
import { guard } from '@tilepass/guard'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError, createBroker } from '../../src/index.ts'
import { redactPath } from '../../src/observe/request-log.ts'
import {
  makeDataFolder,
  readClaims,
  runCommand,
  startBroker,
  storeSettings,
  watchLog,
} from '../support/broker-under-test.ts'
import { openStoreOf } from '../support/store-under-test.ts'
import { onPostgres } from '../support/test-location.ts'

const WORLD = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))

test('T10: the key set is public, cacheable, and has nothing private in it', async () => {
  const { url } = await startBroker()
  const response = await fetch(`${url}/.well-known/jwks.json`)
  expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
  const { keys } = await response.json()
  expect(keys).toHaveLength(1)
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
    expect(keys[0]).not.toHaveProperty(name)
})

test('a page of another origin sees every status of the key set', async () => {
  const data = makeDataFolder()
  const broker = await createBroker({ data, issuer: 'https://maps.example' })
  onTestFinished(() => broker.close())
  const app = express().use(broker.router)
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => server.close().closeAllConnections())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  for (const [method, status] of [
    ['GET', 200],
    ['HEAD', 200],
    ['OPTIONS', 204],
    ['POST', 405],
  ] as const) {
    const response = await fetch(`${url}/.well-known/jwks.json`, { method })
    expect([method, response.status]).toEqual([method, status])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    if (status !== 204) expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('health checks answer, and the standalone app has security headers', async () => {
  const { url } = await startBroker()
  for (const path of ['/healthz', '/readyz']) {
    const response = await fetch(`${url}${path}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none';frame-ancestors 'none'",
    )
    expect(response.headers.get('strict-transport-security')).toBeNull()
    expect(response.headers.get('x-powered-by')).toBeNull()
  }
})

test('X8: an unknown path is 404 in JSON', async () => {
  const { url } = await startBroker()
  for (const path of ['/', '/v1/auth/token/', '/V1/auth/token', '//v1/auth/token', '/%ff']) {
    const response = await fetch(`${url}${path}`)
    expect([404, 400]).toContain(response.status)
    expect(await response.json()).toMatchObject({ success: false })
  }
})

test('an unknown path of the API is 404 in JSON, whatever the method', async () => {
  const tilesets = { world: { path: WORLD } }
  const { url } = await startBroker({ tilesets })
  for (const [method, path] of [
    ['POST', '/v1/auth/token/'],
    ['OPTIONS', '/v1/auth/token/'],
    ['GET', '/v1'],
    ['GET', '/v1/nowhere'],
    ['DELETE', '/v1/auth'],
    ['GET', '/v1/auth/token/more'],
  ] as const) {
    const response = await fetch(`${url}${path}`, { method })
    expect([path, response.status]).toEqual([path, 404])
    expect(await response.json()).toMatchObject({ success: false, code: 'NOT_FOUND' })
  }
})

test('faults of files, accounts and datasets are reported together', async () => {
  const data = makeDataFolder()
  const grant = { account: 'nobody', scope: 'tiles:read' }
  const id = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
  const start = createBroker({
    data,
    tilesets: { a: { path: 'no.pmtiles' }, b: { path: 'none.pmtiles' } },
    geog: { places: 'no.geojson' },
    datasets: { earth: { id, path: 'no.tif', account: 'nobody' } },
    grants: { a: grant, b: grant },
  })
  const error = await start.catch((cause) => cause)
  expect(error).toBeInstanceOf(ConfigError)
  const fields = error.faults.map((fault: string) => fault.split(':')[0])
  expect(fields).toEqual([
    'tilesets.a.path',
    'tilesets.b.path',
    'geog.places',
    'datasets.earth.account',
    'datasets.earth.path',
    'grants.a.account',
    'grants.b.account',
  ])
})

test('settings of the server are refused in code, with a hint where they belong', async () => {
  const options = { data: makeDataFolder(), host: '0.0.0.0', port: 1, hots: 1 }
  await expect(createBroker(options)).rejects.toMatchObject({
    faults: [
      'host: not an option of createBroker(); pass it to listen() (given: "0.0.0.0")',
      'port: not an option of createBroker(); pass it to listen() (given: 1)',
      'hots: not a known field (given: 1)',
    ],
  })
})

describe('a start with another issuer than the data folder has', () => {
  test.each([
    ['issuer', { issuer: 'https://stray.example' }],
    ['publicUrl', { publicUrl: 'https://stray.example' }],
  ])('from %s stops, names both and what settles it, and changes nothing', async (field, given) => {
    const first = await startBroker({ issuer: 'https://first.example' })
    const headers = { authorization: `Bearer ${await first.createToken()}` }
    await first.broker.close()
    const { data } = first
    const command = `tilepass issuer set https://stray.example${onPostgres ? '' : ` --data ${data}`}`
    await expect(createBroker({ ...given, ...(await storeSettings(data)) })).rejects.toMatchObject({
      faults: [expect.stringMatching(new RegExp(`^${field}: .*"https://first.example"`))],
    })
    await expect(createBroker({ ...given, ...(await storeSettings(data)) })).rejects.toThrow(
      command,
    )
    const third = await startBroker({ data })
    expect((await third.post('/v1/auth/token', {}, headers)).status).toBe(200)
  })

  test('stops together with the other faults', async () => {
    const first = await startBroker({ issuer: 'https://first.example' })
    await first.broker.close()
    const { data } = first
    const wrong = { publicUrl: 'https://stray.example', tilesets: { a: { path: 'none.pmtiles' } } }
    await expect(createBroker({ ...wrong, ...(await storeSettings(data)) })).rejects.toMatchObject({
      faults: [expect.stringContaining('publicUrl'), expect.stringContaining('tilesets.a.path')],
    })
  })

  test('starts if both are this machine: while developing, ports change', async () => {
    const first = await startBroker({ publicUrl: 'http://127.0.0.1:8080' })
    await first.broker.close()
    const { broker } = await startBroker({ data: first.data, publicUrl: 'http://localhost:3000' })
    expect(await broker.listen(0).catch((error: Error) => error.message)).toMatch(/listening/)
    const args = ['token', 'create', '--account', 'demo', '--scope', 'tiles:read']
    const { out } = await runCommand(first.data, args)
    expect(readClaims(out).iss).toBe('http://127.0.0.1:8080')
  })
})

test('the log says what the broker starts with, where it listens, and that it has stopped', async () => {
  const { logger, logged } = watchLog()
  const { broker, url, data } = await startBroker({ logger })
  await broker.close()
  const lines = logged()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toEqual([
    expect.objectContaining({
      msg: 'the broker starts',
      version: expect.stringMatching(/^\d/),
      ...(onPostgres ? { database: expect.stringMatching(/^postgres:/) } : { data }),
      grants: ['default', 'short'],
      tilesets: [],
    }),
    expect.objectContaining({ msg: 'the broker listens', url, issuer: url }),
    expect.objectContaining({ msg: 'the broker has stopped' }),
  ])
})

test('a mounted broker without an issuer says what to set', async () => {
  const broker = await createBroker({ data: makeDataFolder() })
  expect(() => broker.router).toThrow(ConfigError)
  expect(() => broker.verifier).toThrow(/issuer/)
  await broker.close()
  await broker.close()
})

test("the broker's verifier guards routes of the host application", async () => {
  const data = makeDataFolder()
  const broker = await createBroker({ data, demo: true, publicUrl: 'http://127.0.0.1:1' })
  const app = express()
  app.use(broker.router)
  app.get(
    '/v1/private',
    guard({ verifier: broker.verifier, scope: 'tiles:read' }),
    (_request, response) => {
      response.send('private')
    },
  )
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const { access_token } = await (await fetch(`${url}/map-token`, { method: 'POST' })).json()
  const headers = { authorization: `Bearer ${access_token}` }
  expect(await (await fetch(`${url}/v1/private`, { headers })).text()).toBe('private')
  expect((await fetch(`${url}/v1/private`)).status).toBe(401)
  server.close().closeAllConnections()
  await broker.close()
})

test('G5: when revocations cannot be read, nothing passes, and the log says why', async () => {
  const { logger, logged } = watchLog()
  const tilesets = { world: { path: WORLD } }
  const { url, post, data } = await startBroker({ logger, tilesets })
  const { access_token } = await (await post('/map-token')).json()
  const readTile = async () => {
    const headers = { authorization: `Bearer ${access_token}` }
    return (await fetch(`${url}/v1/tiles/world/0/0/0.mvt`, { headers })).status
  }
  expect(await readTile()).toBe(200)
  const store = await openStoreOf(data)
  await store.db.schema.dropTable('revocation').execute()
  await store.close()
  await expect.poll(readTile).toBe(500)
  expect(logged()).toMatch(/no such table: revocation|revocation\W+does not exist/)
})

test.each([
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0b2tfMSJ9.c2lnbmF0dXJl',
  'sk.eyJ1IjoiY2l0eSIsImEiOiJjbXo4cDF4eTIifQ.vLRgLquGVo-w0SUPISuYZw',
  'sk%2EeyJ1IjoiY2l0eSIsImEiOiJjbXo4cDF4eTIifQ%2evLRgLquGVo-w0SUPISuYZw',
])('a path in the log has neither query nor token: %s', (token) => {
  expect(redactPath(`/a/${token}/b.pbf?access_token=${token}`)).toBe('/a/[redacted]/b.pbf')
})

test('an invalid setting, missing files and missing secrets are named at once', async () => {
  const start = createBroker({
    data: makeDataFolder(),
    publicUrl: 'nonsense',
    env: {},
    tilesets: { world: { path: WORLD }, gone: { path: '/nowhere/gone.pmtiles' } },
    datasets: { earth: { id: crypto.randomUUID(), path: '/nowhere/earth.tif', account: 'a' } },
    geog: { places: '/nowhere/places.geojson' },
    upstreams: { geog: { kind: 'geog', token: { env: 'MAP_API_TOKEN' } } },
  })
  const faults = await start.catch((error: unknown) => Reflect.get(Object(error), 'faults'))
  expect(faults).toEqual([
    expect.stringMatching(/^publicUrl: /),
    'geog.places: must be a file that exists (given: "/nowhere/places.geojson")',
    'tilesets.gone.path: must be a file that exists (given: "/nowhere/gone.pmtiles")',
    'datasets.earth.path: must be a file that exists (given: "/nowhere/earth.tif")',
    expect.stringContaining('MAP_API_TOKEN'),
  ])
})

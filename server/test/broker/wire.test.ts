import { fileURLToPath } from 'node:url'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerOptions, createBroker } from '../../src/index.ts'
import {
  makeDataFolder,
  runCommand,
  startBroker,
  storeSettings,
} from '../support/broker-under-test.ts'

const path = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const ISSUER = 'https://maps.example'

async function create(options: BrokerOptions) {
  const data = makeDataFolder()
  const broker = await createBroker({ ...(await storeSettings(data)), demo: true, ...options })
  onTestFinished(() => broker.close())
  return { data, broker }
}

/** Mounts a broker's router in an app of its own. */
async function mount(router: express.RequestHandler): Promise<string> {
  const server = express().use(router).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe('a broker that knows its issuer is wired once', () => {
  test('its router and verifier stay the same when it listens', async () => {
    const { broker } = await create({ issuer: ISSUER })
    const { router, verifier } = broker
    await broker.listen(0)
    expect(broker.router).toBe(router)
    expect(broker.verifier).toBe(verifier)
  })

  test('a limit counts requests to the mounted router and to the listener together', async () => {
    const { broker } = await create({ issuer: ISSUER, mapTokenPerMinute: 2 })
    const mounted = await mount(broker.router)
    const { url } = await broker.listen(0)
    const ask = async (base: string) =>
      (await fetch(`${base}/map-token`, { method: 'POST' })).status
    expect([await ask(mounted), await ask(url), await ask(mounted), await ask(url)]).toEqual([
      200, 200, 429, 429,
    ])
  })
})

test('the issuer that an earlier run stored is enough to mount the broker', async () => {
  const first = await startBroker()
  await first.broker.close()
  const broker = await createBroker(await storeSettings(first.data))
  onTestFinished(() => broker.close())
  expect(broker.router).toBeTypeOf('function')
})

test('a broker without an issuer uses the URL that it listens on', async () => {
  const { broker, data } = await create({})
  expect(() => broker.router).toThrow(/issuer/)
  const { url } = await broker.listen(0)
  const { router } = broker
  const response = await fetch(`${await mount(router)}/map-token`, { method: 'POST' })
  const { access_token: token } = await response.json()
  const env = { TILEPASS_ISSUER: url }
  const { out } = await runCommand(data, ['inspect', token, '--json'], { env, now: Date.now })
  expect(JSON.parse(out)).toMatchObject({ valid: true, claims: { iss: url } })
})

describe('links of a broker without a configured public URL', () => {
  async function readLinks(base: string) {
    const { access_token: token } = await (
      await fetch(`${base}/map-token`, { method: 'POST' })
    ).json()
    const headers = { authorization: `Bearer ${token}` }
    const tileJson = await (await fetch(`${base}/v1/tiles/world/metadata`, { headers })).json()
    const metadata = await fetch(`${base}/.well-known/oauth-authorization-server`)
    return [tileJson.tiles[0], (await metadata.json()).token_endpoint]
  }

  test('are paths and the issuer until it listens, then the URL that it listens on', async () => {
    const { broker } = await create({ issuer: ISSUER, tilesets: { world: { path } } })
    const mounted = await mount(broker.router)
    const tile = '/v1/tiles/world/{z}/{x}/{y}.mvt'
    expect(await readLinks(mounted)).toEqual([tile, `${ISSUER}/oauth/token`])
    const { url } = await broker.listen(0)
    expect(await readLinks(url)).toEqual([`${url}${tile}`, `${url}/oauth/token`])
  })

  test('stay paths when it listens on every address, because its name is unknown', async () => {
    const { broker } = await create({ issuer: ISSUER, tilesets: { world: { path } } })
    const { port } = await broker.listen(0, '0.0.0.0')
    const links = await readLinks(`http://127.0.0.1:${port}`)
    expect(links).toEqual(['/v1/tiles/world/{z}/{x}/{y}.mvt', `${ISSUER}/oauth/token`])
  })

  test('of Mapbox pages begin with the URL that it listens on', async () => {
    const { cli, url } = await startBroker()
    const args = ['--account', 'demo', '--format', 'mapbox', '--scope', 'tokens:read']
    const token = (await cli('token', 'create', ...args)).out.trim()
    const page = await fetch(`${url}/tokens/v2/demo?limit=1&access_token=${token}`)
    expect(page.headers.get('link')).toContain(`<${url}/tokens/v2/demo?`)
  })
})

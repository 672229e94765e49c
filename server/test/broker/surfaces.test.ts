import { fileURLToPath } from 'node:url'
import express, { type Express } from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerOptions, createBroker } from '../../src/index.ts'
import { SURFACE_NAMES, type SurfaceName } from '../../src/surfaces/names.ts'
import { NOW, startBroker, storeSettings } from '../support/broker-under-test.ts'

const path = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const DATASET = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
const cog = fileURLToPath(new URL('../../../examples/demo-data/earth.tif', import.meta.url))
const OPTIONS: BrokerOptions = {
  demo: true,
  now: () => NOW,
  tilesets: { world: { path } },
  datasets: { earth: { id: DATASET, path: cog, account: 'demo', public: true } },
}

/** A request of each surface that does not answer 404 while the surface is on. */
const PROBES: Readonly<Record<SurfaceName, [string, string]>> = {
  'map-token': ['POST', '/map-token'],
  geog: ['POST', '/v1/auth/token'],
  geolens: ['POST', `/auth/download-token/${DATASET}`],
  login: ['POST', '/token'],
  mapbox: ['GET', '/tokens/v2'],
  oauth: ['POST', '/oauth/token'],
}

describe.each(SURFACE_NAMES)('surfaces: { %s: false }', (name) => {
  test('switches that API off and leaves the others and the key set as they are', async () => {
    const { url } = await startBroker({ ...OPTIONS, surfaces: { [name]: false } })
    const gone: string[] = []
    for (const [surface, [method, probe]] of Object.entries(PROBES))
      if ((await fetch(`${url}${probe}`, { method })).status === 404) gone.push(surface)
    expect(gone).toEqual([name])
    expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(200)
  })
})

test('an API that does not exist cannot be switched off', async () => {
  const surfaces = { bogus: false }
  // @ts-expect-error the name is not known
  await expect(createBroker({ ...OPTIONS, surfaces })).rejects.toThrow(/bogus/)
})

async function serve(app: Express): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe.each([
  ['without a parser', []],
  ['with parsers of its own', [express.json(), express.urlencoded({ extended: false })]],
])('mounted under a path of an app %s', (_, parsers) => {
  test('every API works, and every URL in an answer leads to it', async () => {
    const app = express()
    for (const parser of parsers) app.use(parser)
    let broker: Awaited<ReturnType<typeof createBroker>> | undefined
    app.use('/maps/auth', (request, response, next) => broker?.router(request, response, next))
    app.use((_request, response) => {
      response.status(404).send('the host app')
    })
    const origin = await serve(app)
    const url = `${origin}/maps/auth`
    const first = await startBroker({ issuer: url, publicUrl: url })
    const { cli, data, createToken } = first
    const api = await createToken('tiles:read admin:access')
    const scope = 'tokens:read tokens:write styles:tiles'
    const args = ['--account', 'demo', '--format', 'mapbox', '--scope', scope]
    const sk = (await cli('token', 'create', ...args)).out.trim()
    for (let count = 0; count < 2; count++) await cli('token', 'create', ...args)
    await first.broker.close()
    broker = await createBroker({ ...OPTIONS, ...(await storeSettings(data)), publicUrl: url })
    onTestFinished(() => broker?.close())

    const post = (route: string, body: object, headers: Record<string, string> = {}) =>
      fetch(`${url}${route}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      })
    const bearer = { authorization: `Bearer ${api}` }

    const exchanged = await post('/v1/auth/token', { ttl: 5 }, bearer)
    expect(await exchanged.json()).toMatchObject({ expires_in: 5 })
    const granted = await (await post('/map-token', { grant: 'short' })).json()
    expect(granted.expires_in).toBe(15)
    const created = await post('/v1/admin/accounts', { name: 'city', password: 'pw' }, bearer)
    expect(created.status).toBe(201)
    const signIn = await post('/token', { username: 'city', password: 'pw' })
    expect(signIn.status).toBe(200)

    const metadata = await fetch(`${url}/v1/tiles/world/metadata`, { headers: bearer })
    const [template] = (await metadata.json()).tiles
    expect(template).toBe(`${url}/v1/tiles/world/{z}/{x}/{y}.mvt`)
    const tile = template.replace('{z}/{x}/{y}', '0/0/0')
    expect((await fetch(tile, { headers: bearer })).status).toBe(200)

    const page = await fetch(`${url}/tokens/v2/demo?limit=1&access_token=${sk}`)
    const next = /<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
    expect(next.startsWith(`${url}/tokens/v2/demo?`)).toBe(true)
    expect((await fetch(`${next}&access_token=${sk}`)).status).toBe(200)

    const oauth = await fetch(`${url}/.well-known/oauth-authorization-server`)
    const { token_endpoint, jwks_uri } = await oauth.json()
    expect((await (await fetch(jwks_uri)).json()).keys).toHaveLength(1)
    const form = await fetch(token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: api,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
    })
    expect(form.status).toBe(200)

    const { token } = await (await post(`/auth/download-token/${DATASET}`, {})).json()
    const file = await fetch(`${url}/datasets/${DATASET}/download/cog?token=${token}`, {
      headers: { range: 'bytes=0-3' },
    })
    expect([file.status, (await file.arrayBuffer()).byteLength]).toEqual([206, 4])
    const elsewhere = await fetch(`${url}/somewhere/else`)
    expect(await elsewhere.text()).toBe('the host app')
  })
})

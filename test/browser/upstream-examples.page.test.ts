import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guard } from '@tilepass/guard'
import express from 'express'
import { Provider } from 'oidc-provider'
import { describe, expect } from 'vitest'
import { EARTH, setUpSecondBrokers, startSecondBroker } from '../support/brokers/second-broker.ts'
import { eventually } from '../support/pages/eventually.ts'
import { TILE } from '../support/pages/map-resources.ts'
import { test as pageTest } from '../support/pages/page-test.ts'
import { readExample, servePage } from '../support/pages/upstream-page.ts'
import { CLIENT_SECRET, startKeycloak } from '../support/servers/live-issuers.ts'
import { startServer } from '../support/servers/start-server.ts'
import { createTeardown } from '../support/servers/teardown.ts'

setUpSecondBrokers()

const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('teardown', async ({}, { onCleanup }) => {
    const teardown = createTeardown()
    onCleanup(() => teardown.run())
    return teardown
  })
  .extend(
    'openExample',
    ({ openPage, teardown }) =>
      /** Starts the broker of an example with other addresses, and opens its page. */
      async (
        name: 'mapbox' | 'geolens' | 'oauth',
        config: Record<string, string>,
        html: Record<string, string>,
        env: Record<string, string> = {},
      ) => {
        const settings = JSON.parse(readExample(`${name}/tilepass.json`, config))
        const relay = await startSecondBroker(settings, env)
        const site = await servePage(readExample(`${name}/index.html`, html), relay.url)
        teardown.add(site.close)
        return openPage(site.url)
      },
  )
  .extend(
    'startTiles',
    ({ teardown }) =>
      /** Starts a server of raster tiles for the tokens that are accepted. */
      async (isAccepted: (token: string) => Promise<boolean>) => {
        const statuses: number[] = []
        const { url, close } = await startServer(async (request, response) => {
          const cors = {
            'access-control-allow-origin': '*',
            'access-control-allow-headers': 'authorization',
          }
          if (request.method === 'OPTIONS') {
            response.writeHead(204, cors).end()
            return
          }
          const { searchParams } = new URL(request.url ?? '/', 'http://host')
          const header = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
          const token = searchParams.get('access_token') ?? header ?? ''
          const status = (await isAccepted(token)) ? 200 : 401
          statuses.push(status)
          response.writeHead(status, { ...cors, 'content-type': 'image/png' }).end(TILE)
        })
        teardown.add(close)
        return { url, statuses }
      },
  )

describe.concurrent('an example behind Tilepass', () => {
  test('Mapbox: the page shows tiles with temporary tokens', async ({
    openExample,
    startTiles,
    teardown,
  }) => {
    const mapbox = await startSecondBroker()
    const scope = 'tokens:write styles:tiles styles:read'
    const secret = await mapbox.cli(
      ...['token', 'create', '--account', 'city', '--format', 'mapbox', '--scope', scope],
    )
    const folder = mkdtempSync(join(tmpdir(), 'tilepass-example-'))
    teardown.add(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'mapbox'), secret)
    const tiles = await startTiles(async (token) => {
      const response = await fetch(`${mapbox.url}/tokens/v2?access_token=${token}`)
      return token.startsWith('tk.') && (await response.json()).code === 'TokenValid'
    })
    const { page, printed } = await openExample(
      'mapbox',
      { 'https://api.mapbox.com': mapbox.url, secrets: folder },
      { 'https://api.mapbox.com': tiles.url },
    )
    await eventually(async () =>
      expect(await page.locator('.leaflet-tile-loaded').count()).toBeGreaterThan(3),
    )
    expect(new Set(tiles.statuses)).toEqual(new Set([200]))
    expect(printed).toEqual([])
  })

  test('GeoLens: the page reads a private raster', async ({ openExample }) => {
    const id = '2489e9ad-2ee2-4e00-8ec9-32d5f69181c0'
    const geolens = await startSecondBroker({
      datasets: { raster: { id, path: EARTH, account: 'city' } },
    })
    const key = await geolens.cli('token', 'create', '--account', 'city', '--scope', 'tiles:read')
    const { page, printed } = await openExample(
      'geolens',
      { 'https://geolens.example': geolens.url },
      { 'https://geolens.example': geolens.url },
      { GEOLENS_KEY: key },
    )
    await page.locator('#read').click()
    const status = page.locator('#status')
    await eventually(async () =>
      expect(await status.innerText()).toMatch(/^206: 1024 bytes of bytes 0-1023\/\d+$/),
    )
    expect(printed).toEqual([])
  })

  test('any OAuth server: the page shows tiles with its access tokens', async ({
    openExample,
    startTiles,
    teardown,
  }) => {
    const secret = 'a client secret of the tests'
    const provider = new Provider('http://127.0.0.1:1', {
      clients: [
        {
          client_id: 'maps',
          client_secret: secret,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          scope: 'tiles:read',
        },
      ],
      scopes: ['tiles:read'],
      ttl: { ClientCredentials: 300 },
      features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    })
    const { url, close } = await startServer(provider.callback())
    teardown.add(close)
    const tiles = await startTiles(
      async (token) => (await provider.ClientCredentials.find(token))?.scope === 'tiles:read',
    )
    const { page, printed } = await openExample(
      'oauth',
      { 'https://login.example/oauth': url },
      { 'https://tiles.example': tiles.url },
      { OAUTH_CLIENT_SECRET: secret },
    )
    await eventually(async () =>
      expect(await page.locator('.leaflet-tile-loaded').count()).toBeGreaterThan(3),
    )
    expect(new Set(tiles.statuses)).toEqual(new Set([200]))
    expect(printed).toEqual([])
  })

  test('Keycloak: the page shows tiles that a guard opens', async ({ openExample, teardown }) => {
    const keycloak = await startKeycloak({ scope: 'tiles:read' })
    teardown.add(keycloak.close)
    const statuses: number[] = []
    const app = express()
    app.use((_request, response, next) => {
      response.on('finish', () => statuses.push(response.statusCode))
      next()
    })
    app.use('/v1', guard(keycloak.options))
    app.get('/v1/parcels/:z/:x/:y', (_request, response) => void response.type('png').send(TILE))
    const tiles = await startServer(app)
    teardown.add(tiles.close)
    const { page, printed } = await openExample(
      'oauth',
      { 'https://login.example/oauth/token': keycloak.tokenUrl },
      { 'https://tiles.example': tiles.url },
      { OAUTH_CLIENT_SECRET: CLIENT_SECRET },
    )
    await eventually(async () =>
      expect(await page.locator('.leaflet-tile-loaded').count()).toBeGreaterThan(3),
    )
    // Preflights are answered with 204.
    expect(new Set(statuses)).toEqual(new Set([200, 204]))
    expect(printed).toEqual([])
  })
})

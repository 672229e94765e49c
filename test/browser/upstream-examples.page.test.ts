import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Provider } from 'oidc-provider'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  EARTH,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/brokers/second-broker.ts'
import { launch, openPage } from '../support/pages/chromium.ts'
import { TILE } from '../support/pages/servers.ts'
import { readExample, serve, servePage } from '../support/pages/upstream-page.ts'

setUpSecondBrokers()

let browser: Browser
const closing: (() => void)[] = []
beforeAll(async () => {
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  for (const close of closing) close()
})

/** Starts the broker of an example, on other addresses, and opens its page. */
async function openExample(
  name: 'mapbox' | 'geolens' | 'oauth',
  config: Record<string, string>,
  html: Record<string, string>,
  env: Record<string, string> = {},
) {
  const relay = await startSecondBroker(
    JSON.parse(readExample(`${name}/tilepass.json`, config)),
    env,
  )
  const site = await servePage(readExample(`${name}/index.html`, html), relay.url)
  closing.push(site.close)
  return openPage(browser, site.url)
}

/** Raster tiles for whoever has a token that somebody vouches for. */
async function serveTiles(isGood: (token: string) => Promise<boolean>) {
  const seen: number[] = []
  const server = await serve(async (request, response) => {
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
    const status = (await isGood(searchParams.get('access_token') ?? header ?? '')) ? 200 : 401
    seen.push(status)
    response.writeHead(status, { ...cors, 'content-type': 'image/png' }).end(TILE)
  })
  closing.push(server.close)
  return { ...server, seen }
}

test('Mapbox behind Tilepass: the page shows tiles with temporary tokens', async () => {
  const mapbox = await startSecondBroker()
  const scope = 'tokens:write styles:tiles styles:read'
  const secret = await mapbox.cli(
    ...['token', 'create', '--account', 'city', '--format', 'mapbox', '--scope', scope],
  )
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-example-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'mapbox'), secret)
  const tiles = await serveTiles(async (token) => {
    const response = await fetch(`${mapbox.url}/tokens/v2?access_token=${token}`)
    return token.startsWith('tk.') && (await response.json()).code === 'TokenValid'
  })
  const { page, printed } = await openExample(
    'mapbox',
    { 'https://api.mapbox.com': mapbox.url, secrets: folder },
    { 'https://api.mapbox.com': tiles.url },
  )
  await expect
    .poll(() => page.locator('.leaflet-tile-loaded').count(), { timeout: 30_000 })
    .toBeGreaterThan(3)
  expect(new Set(tiles.seen)).toEqual(new Set([200]))
  expect(printed).toEqual([])
  await page.close()
})

test('GeoLens behind Tilepass: the page reads a private raster', async () => {
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
  await expect
    .poll(() => status.innerText(), { timeout: 30_000 })
    .toMatch(/^206: 1024 bytes of bytes 0-1023\/\d+$/)
  expect(printed).toEqual([])
  await page.close()
})

test('any OAuth server behind Tilepass: the page shows tiles with its access tokens', async () => {
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
  const server = provider.listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tiles = await serveTiles(
    async (token) => (await provider.ClientCredentials.find(token))?.scope === 'tiles:read',
  )
  const { page, printed } = await openExample(
    'oauth',
    { 'https://login.example/oauth': url },
    { 'https://tiles.example': tiles.url },
    { OAUTH_CLIENT_SECRET: secret },
  )
  await expect
    .poll(() => page.locator('.leaflet-tile-loaded').count(), { timeout: 30_000 })
    .toBeGreaterThan(3)
  expect(new Set(tiles.seen)).toEqual(new Set([200]))
  expect(printed).toEqual([])
  await page.close()
})

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { createTestIssuer, ISSUER } from '../../packages/guard/test/support/issuer.ts'
import { EDGE_RUNTIMES } from '../../scripts/edge-runtimes.mjs'
import { type RunningExample, startExample } from '../support/edge/start-example.ts'
import { LIBRARIES } from '../support/pages/libraries.ts'
import { test } from '../support/pages/page-test.ts'
import { FEW_FRAMES, pan, SMALL, settle } from '../support/pages/panning.ts'
import { startServer, type TestServer } from '../support/servers/start-server.ts'

const issuer = createTestIssuer()
/** Lifetime of a token, in seconds. */
const LIFETIME = 2
/** The tilesets that the page's tokens open, and how many it has got. */
const grant = { tilesets: ['world'], exchanges: 0 }

let site: TestServer
let example: RunningExample

const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}.leaflet-tile,.leaflet-pane{position:absolute;left:0;top:0}.leaflet-container{overflow:hidden}</style>
<div id="map"></div><script>${FEW_FRAMES}</script>`

const pages: Readonly<Record<string, () => string>> = {
  '/maplibre': () => `${head}<script type="module">
import { addProtocol, Map } from '/lib/maplibre-6/maplibre-gl.mjs'
import { createMapAuthorizer, createTokenManager } from '/lib/tilepass-maplibre.mjs'
const tokens = createTokenManager('/map-token', { allow: ['${example.url}/'] })
const authorizer = createMapAuthorizer(tokens, { addProtocol })
const style = { version: 8, sources: { world: { type: 'vector', tiles: ['${example.url}/world/{z}/{x}/{y}.mvt'], maxzoom: 5 } },
  layers: [{ id: 'land', type: 'fill', source: 'world', 'source-layer': 'countries' }] }
const map = new Map({ container: 'map', center: [10, 50], zoom: 4, fadeDuration: 0, attributionControl: false, style, transformRequest: authorizer.transformRequest })
authorizer.attach(map)
window.failed = () => Object.values(map.style.tileManagers).flatMap((manager) => manager._inViewTiles.getAllTiles().filter(({ state }) => state === 'errored').map(({ tileID }) => tileID.key))
window.settled = () => map.loaded() && map.areTilesLoaded()
window.panTo = (step) => map.jumpTo({ center: [10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7)], zoom: 3.5 + 1.5 * Math.sin(step / 5) })
</script>`,
  '/leaflet':
    () => `${head}<script src="/lib/leaflet-1.js"></script><script src="/lib/tilepass-leaflet.iife.js"></script><script>
const tokens = tilepass.createTokenManager('/map-token', { allow: ['${example.url}/'] })
tokens.on('error', () => {})
const map = new L.Map('map', { center: [50, 10], zoom: 2, fadeAnimation: false, maxZoom: 3 })
const layer = tilepass.createTileLayer(L.TileLayer, '${example.url}/world-raster/{z}/{x}/{y}.webp', { tokens }).addTo(map)
window.failed = () => Object.entries(layer._tiles).filter(([, { el }]) => !(el.complete && el.naturalWidth > 0)).map(([key]) => key)
window.settled = () => !layer.isLoading()
window.panTo = (step) => map.setView([40 * Math.sin(step / 7), 10 + 60 * Math.sin(step / 9)], 2 + (Math.floor(step / 10) % 2), { animate: false })
</script>`,
}

beforeAll(async () => {
  site = await startServer((request, response) => {
    const [url = ''] = request.url?.split('?') ?? []
    if (url === '/jwks.json') return void response.end(JSON.stringify(issuer.jwks))
    if (url === '/map-token') {
      grant.exchanges += 1
      const iat = Math.floor(Date.now() / 1000)
      const claims = { iat, exp: iat + LIFETIME, jti: `j${grant.exchanges}` }
      const access_token = issuer.signTiles({ tilesets: grant.tilesets }, claims)
      const body = { access_token, token_type: 'Bearer', expires_in: LIFETIME }
      return void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body))
    }
    const page = pages[url]?.()
    if (page) return void response.setHeader('Content-Type', 'text/html').end(page)
    const library = LIBRARIES[url]
    if (!library) return void response.writeHead(404).end()
    response.setHeader('Content-Type', 'text/javascript').end(readFileSync(library))
  })
  example = await startExample('cache-api.js', { ISSUER, JWKS: `${site.url}/jwks.json` })
  await example.setArchives(true)
})
afterAll(async () => {
  site?.close()
  await example?.close()
})

const hasWorkerd = EDGE_RUNTIMES.some(({ name, program }) => name === 'workerd' && program)

for (const [library, tileset] of [
  ['maplibre', 'world'],
  ['leaflet', 'world-raster'],
] as const) {
  test.skipIf(!hasWorkerd)(
    `${library}: tokens of ${LIFETIME} s for one tileset are renewed while the map moves, and no tile of the worker fails`,
    async ({ openPage }) => {
      Object.assign(grant, { tilesets: [tileset], exchanges: 0 })
      const statuses = new Set<number>()
      const { page, printed } = await openPage(`${site.url}/${library}`, {
        viewport: SMALL,
        isIsolated: true,
        prepare: async (page) =>
          page.on('response', (response) => {
            if (response.url().startsWith(example.url)) statuses.add(response.status())
          }),
      })
      await settle(page)
      await pan(page, 5000)
      await settle(page)
      expect(await page.evaluate(() => globalThis.failed())).toEqual([])
      expect(grant.exchanges).toBeGreaterThan(2)
      expect([...statuses]).toContain(200)
      expect([...statuses]).not.toContain(403)
      expect(printed).toEqual([])
    },
  )

  test.skipIf(!hasWorkerd)(
    `${library}: a token for another tileset shows no tile, though the edge has them in its cache`,
    async ({ openPage }) => {
      Object.assign(grant, { tilesets: ['other'], exchanges: 0 })
      const statuses = new Set<number>()
      await openPage(`${site.url}/${library}`, {
        viewport: SMALL,
        isIsolated: true,
        prepare: async (page) =>
          page.on('response', (response) => {
            if (response.url().startsWith(example.url) && response.request().method() === 'GET')
              statuses.add(response.status())
          }),
      })
      await expect.poll(() => [...statuses], { timeout: 20_000 }).toEqual([403])
    },
  )
}

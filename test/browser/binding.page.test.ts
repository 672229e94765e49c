import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@tilepass/broker'
import { guard, TOKEN_COOKIE } from '@tilepass/guard'
import express from 'express'
import { describe, expect } from 'vitest'
import { LIBRARIES } from '../support/pages/libraries.ts'
import { TILE } from '../support/pages/map-resources.ts'
import { test as pageTest } from '../support/pages/page-test.ts'
import { FEW_FRAMES, SMALL, settle } from '../support/pages/panning.ts'
import { startServer } from '../support/servers/start-server.ts'

const bound = {
  account: 'demo',
  scope: 'tiles:read',
  expiresInSeconds: 2,
  binding: 'cookie',
} as const

const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}.leaflet-tile,.leaflet-pane{position:absolute;left:0;top:0}</style><div id="map"></div>`

/** A Leaflet and a MapLibre page that attach their token as a cookie or in the query. */
const leaflet = (grant: string, attach: unknown) => `${head}
<script src="/lib/leaflet-1.js"></script><script src="/lib/tilepass-leaflet.iife.js"></script><script>
  const tokens = tilepass.createTokenManager('/map-token', { grant: '${grant}', allow: [{ prefix: '/t/', attach: ${JSON.stringify(attach)} }] })
  const map = L.map('map', { center: [50, 10], zoom: 5, fadeAnimation: false })
  const layer = tilepass.createTileLayer(L.TileLayer, '/t/{z}/{x}/{y}.png', { tokens }).addTo(map)
  window.settled = () => !layer.isLoading()
  window.failed = () => Object.values(layer._tiles).filter(({ el }) => !(el.complete && el.naturalWidth)).map(({ el }) => el.src)
  window.panTo = (step) => map.setView([50 - step, 10 + 3 * step], 5, { animate: false })
</script>`
const maplibre = `${head}<script>${FEW_FRAMES}</script><script type="module">
  import { Map, addProtocol } from '/lib/maplibre-6/maplibre-gl.mjs'
  import { createTokenManager, createMapAuthorizer } from '/lib/tilepass-maplibre.mjs'
  const tokens = createTokenManager('/map-token', { grant: 'carried', allow: [{ prefix: '/t/', attach: 'cookie' }] })
  const auth = createMapAuthorizer(tokens, { addProtocol })
  const source = { type: 'raster', tileSize: 256, tiles: [location.origin + '/t/{z}/{x}/{y}.png'] }
  const map = new Map({ container: 'map', center: [10, 50], zoom: 4, transformRequest: auth.transformRequest, attributionControl: false,
    style: { version: 8, sources: { source }, layers: [{ id: 'source', type: 'raster', source: 'source' }] } })
  auth.attach(map)
  window.settled = () => map.loaded() && map.areTilesLoaded()
  window.failed = () => map.style.tileManagers.source._inViewTiles.getAllTiles().filter(({ state }) => state === 'errored').map(({ tileID }) => tileID.key)
  window.panTo = (step) => map.jumpTo({ center: [10 + 3 * step, 50 - step] })
</script>`

/** A broker and tiles on one origin. */
// biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
const test = pageTest.extend('site', async ({}, { onCleanup }) => {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-binding-'))
  const broker = await createBroker({
    data,
    demo: true,
    issuer: 'http://broker.test',
    grants: { bound, carried: { ...bound, tokenCookie: true } },
  })
  /** The credentials and the status of each request for a tile. */
  const log: { url: string; cookie: string; authorization: string; status: number }[] = []
  const app = express()
  app.use(broker.router)
  for (const [path, file] of Object.entries(LIBRARIES))
    app.get(path, (_request, response) => void response.type('js').send(readFileSync(file)))
  const pages = {
    '/leaflet-cookie': leaflet('carried', 'cookie'),
    '/leaflet-query': leaflet('bound', { query: 'access_token' }),
    '/maplibre-cookie': maplibre,
  }
  for (const [path, html] of Object.entries(pages))
    app.get(path, (_request, response) => void response.type('html').send(html))
  app.use('/t', (request, response, next) => {
    const { cookie = '', authorization = '' } = request.headers
    response.on('finish', () =>
      log.push({ url: request.originalUrl, cookie, authorization, status: response.statusCode }),
    )
    next()
  })
  const { verifier } = broker
  const byQuery = guard({ verifier, scope: 'tiles:read', credentials: { query: 'access_token' } })
  const byCookie = guard({ verifier, scope: 'tiles:read', credentials: { cookie: TOKEN_COOKIE } })
  app.use('/t', (request, response, next) =>
    (request.query.access_token ? byQuery : byCookie)(request, response, next),
  )
  app.get('/t/{*tile}', (_request, response) => void response.type('png').send(TILE))
  const { url, close } = await startServer(app)
  onCleanup(async () => {
    close()
    await broker.close()
    rmSync(data, { recursive: true, force: true })
  })
  return { url, log }
})

describe.concurrent('with tokens of 2 s that are bound to the browser', () => {
  test.for(['leaflet-cookie', 'leaflet-query', 'maplibre-cookie'])(
    '%s renews them and loses no tile',
    async (name, { site: { url, log }, openPage }) => {
      const { page, printed } = await openPage(`${url}/${name}`, {
        viewport: SMALL,
        isIsolated: true,
      })
      await settle(page)
      const before = log.length
      expect(before).toBeGreaterThan(0)
      for (let step = 1; step <= 10; step += 1) {
        await page.evaluate((step) => globalThis.panTo(step), step)
        await page.waitForTimeout(500)
      }
      await settle(page)
      await page.waitForFunction(() => globalThis.failed().length === 0)
      expect(log.length).toBeGreaterThan(before)
      expect(log.filter(({ authorization }) => authorization !== '')).toEqual([])
      expect(printed).toEqual([])
      const good = log.filter(({ status }) => status === 200)
      const carrier = name === 'leaflet-query' ? 'url' : 'cookie'
      const tokens = new Set(good.map((entry) => /[=]eyJ[\w.-]+/.exec(entry[carrier])?.[0]))
      expect(tokens.size).toBeGreaterThan(2)
      if (carrier === 'cookie') expect(good.every(({ url }) => !url.includes('?'))).toBe(true)

      // Scripts of the page see neither cookie, and a copied token is useless without the secret.
      expect(await page.evaluate(() => document.cookie)).toBe('')
      const last = good.at(-1)
      const stolen = last?.cookie.replace(/__Host-tilepass=[^;]*;? ?/, '') ?? ''
      const answer = await fetch(`${url}${last?.url}`, { headers: { cookie: stolen } })
      expect(answer.status).toBe(401)
    },
  )
})

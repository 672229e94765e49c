import { afterAll, beforeAll, describe, expect } from 'vitest'
import { findProgram, findTileServer } from '../../scripts/gateways.mjs'
import { test as pageTest } from '../support/pages/page-test.ts'
import { FEW_FRAMES, pan, SMALL, settle } from '../support/pages/panning.ts'
import { startServers } from '../support/pages/servers.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  startBroker,
  startNginx,
  startTileServer,
} from '../support/servers/gateways.ts'

const gateways = createGateways()
const canRun = findProgram('nginx') !== undefined && findTileServer() !== undefined

/** A page of another origin, with MapLibre 6 and the style that TileServer GL serves. */
const createPage = (gateway: string, withTokens: boolean) => `<!doctype html><meta charset="utf-8">
<link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}</style><div id="map"></div>
<script type="module">
  import { Map, addProtocol } from '/lib/maplibre-6/maplibre-gl.mjs'
  import * as T from '/lib/tilepass-maplibre.mjs'
  window.tokens = T.createTokenManager('${gateway}/map-token', { allow: ['${gateway}/data/', '${gateway}/styles/'] })
  const auth = T.createMapAuthorizer(tokens, { addProtocol })
  window.statuses = []
  window.map = new Map({ container: 'map', center: [10, 47], zoom: 3, fadeDuration: 0,
    style: '${gateway}/styles/world/style.json',
    transformRequest: ${withTokens ? 'auth.transformRequest' : 'undefined'} })
  map.on('error', ({ error }) => statuses.push(error.status ?? error.message))
  ${withTokens ? 'auth.attach(map)' : ''}
  window.panTo = (step) => map.jumpTo({ center: [10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7)], zoom: 3 + Math.sin(step / 5) })
  window.settled = () => map.loaded() && map.areTilesLoaded()
  window.failed = () => Object.values(map.style?.tileManagers ?? {}).flatMap((manager) =>
    manager._inViewTiles.getAllTiles().filter((tile) => tile.state === 'errored').map((tile) => tile.tileID.key))
  window.countries = () => map.queryRenderedFeatures({ layers: ['countries'] }).length
</script>`

declare global {
  /** Statuses and messages of the errors of the map. */
  var statuses: unknown[]
  /** How many countries are drawn. */
  var countries: () => number
}

describe.skipIf(!canRun)('a map behind nginx and TileServer GL', () => {
  let origin = ''

  beforeAll(async () => {
    const port = await findFreePort()
    const gateway = `http://127.0.0.1:${port}`
    const servers = await startServers({
      '/map': () => createPage(gateway, true),
      '/without': () => createPage(gateway, false),
    })
    gateways.add(() => servers.close())
    origin = servers.page
    const { address } = await startBroker(gateways, {
      grants: {
        default: {
          account: 'demo',
          scope: 'tiles:read',
          expiresInSeconds: 2,
          origins: [origin],
          tiles: { tilesets: ['world'] },
        },
      },
    })
    const tileserver = await startTileServer(gateways, port)
    await startNginx(gateways, { broker: address, tileserver, port })
  })
  afterAll(() => gateways.run())

  const test = pageTest.extend('open', ({ openPage }) => async (path: string) => {
    const answers: { status: number; path: string; token: string | undefined }[] = []
    const { page } = await openPage(`${origin}${path}`, {
      init: FEW_FRAMES,
      viewport: SMALL,
      prepare: async (page) =>
        page.on('response', async (response) => {
          const url = new URL(response.url())
          const token = (await response.request().allHeaders()).authorization
          answers.push({ status: response.status(), path: url.pathname, token })
        }),
    })
    return { page, answers }
  })

  test.concurrent('is complete while it is panned for 10 s with tokens of 2 s', async ({
    open,
  }) => {
    const { page, answers } = await open('/map')
    await settle(page)
    expect(await page.evaluate(() => globalThis.countries())).toBeGreaterThan(5)
    await pan(page, 10_000)
    await settle(page)
    expect(await page.evaluate(() => globalThis.failed())).toEqual([])
    // Back to a view with countries.
    await page.evaluate(() => globalThis.panTo(0))
    await settle(page)
    expect(await page.evaluate(() => globalThis.failed())).toEqual([])
    expect(await page.evaluate(() => globalThis.countries())).toBeGreaterThan(5)
    const tiles = answers.filter(({ path }) => /^\/data\/world\/\d+\/\d+\/\d+\.pbf$/.test(path))
    const tokens = new Set(tiles.flatMap(({ token }) => token ?? []))
    expect(tokens.size).toBeGreaterThanOrEqual(4)
  })

  test.concurrent('shows nothing without a token, and the page can read the status 401', async ({
    open,
  }) => {
    const { page, answers } = await open('/without')
    await page.waitForFunction(() => globalThis.statuses?.length > 0)
    expect(await page.evaluate(() => globalThis.statuses)).toContain(401)
    expect(answers.some(({ path, status }) => path.startsWith('/data/') && status === 200)).toBe(
      false,
    )
  })
})

import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launch, openPage, pan, settle } from '../support/pages/chromium.ts'
import {
  leaflet,
  mapLibre6,
  mapLibreScript,
  type PageOptions,
} from '../support/pages/renewal-pages.ts'
import { type Servers, startServers } from '../support/pages/servers.ts'

const VARIANTS: PageOptions[] = [
  { origin: 'same', attach: 'header' },
  { origin: 'other', attach: 'header' },
  { origin: 'other', attach: 'query' },
]
const LIBRARIES = {
  'MapLibre 6': (options: PageOptions) => mapLibre6(options),
  'MapLibre 5': (options: PageOptions) => mapLibreScript(5, options),
  'MapLibre 4': (options: PageOptions) => mapLibreScript(4, options),
  'Leaflet 1.9': (options: PageOptions) => leaflet(1, options),
  'Leaflet 2.0': (options: PageOptions) => leaflet(2, options),
}
const CASES = Object.entries(LIBRARIES).flatMap(([library, make]) =>
  VARIANTS.map((options) => ({
    library,
    make,
    options,
    path: `/${library}-${options.origin}-${options.attach}`.replaceAll(' ', '-'),
  })),
)

let browser: Browser
let servers: Servers

beforeAll(async () => {
  browser = await launch()
  servers = await startServers(
    Object.fromEntries(CASES.map(({ path, make, options }) => [path, make(options)])),
  )
})
afterAll(async () => {
  await browser?.close()
  await servers?.close()
})

describe.each(CASES)(
  '$library, $options.origin origin, $options.attach',
  ({ path, options: { attach } }) => {
    // The two origins in full on the libraries of today; the other combinations behave the same sooner.
    const duration = attach === 'header' && !/Leaflet-2|MapLibre-4/.test(path) ? 20_000 : 6000
    test(`tokens of 2 s renew during ${duration / 1000} s of panning and no tile fails`, async () => {
      servers.lifetime = 2000
      Object.assign(servers.counts, { exchanges: 0, tiles: 0, refused: 0 })
      const started = performance.now()
      const { page, printed } = await openPage(browser, servers.page + path)
      await pan(page, duration)
      await settle(page)
      const time = performance.now() - started
      const { exchanges, tiles, refused } = servers.counts
      console.info(
        `${path}: ${tiles} requests, ${exchanges} exchanges, ${refused} × 401 in ${Math.round(time / 1000)} s`,
      )
      expect(await page.evaluate(() => globalThis.failed())).toEqual([])
      expect(printed).toEqual([])
      expect(tiles).toBeGreaterThan(50)
      // Margin 20 %, jitter up to 10 %.
      expect(exchanges).toBeLessThanOrEqual(time / (2000 * 0.7) + 1)
      await page.close()
    })

    test('a revoked token is renewed once and only the failed tiles are requested again', async () => {
      servers.lifetime = 60_000
      const { page, printed } = await openPage(browser, servers.page + path)
      await settle(page)
      servers.issuer.revokeAll()
      Object.assign(servers.counts, { exchanges: 0, tiles: 0, refused: 0 })
      await pan(page, 1500)
      await settle(page)
      await page.waitForFunction(() => globalThis.failed().length === 0)
      const { exchanges, refused } = servers.counts
      expect(refused).toBeGreaterThan(0)
      expect(exchanges).toBe(1)
      expect(printed).toEqual([])
      await page.close()
    })
  },
)

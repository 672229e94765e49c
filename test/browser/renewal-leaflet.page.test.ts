import { describe, expect } from 'vitest'
import { type LeafletOptions, type OpenLeaflet, test } from '../support/pages/leaflet-test.ts'
import { healed, pan, settle } from '../support/pages/panning.ts'
import { resetCounts } from '../support/pages/servers.ts'

const CASES = ([1, 2] as const).flatMap((version) =>
  (
    [
      { origin: 'same', mode: 'header' },
      { origin: 'other', mode: 'header' },
      { origin: 'other', mode: 'query' },
    ] as const
  ).map((travel) => ({ version, ...travel })),
)

describe.concurrent.each(CASES)(
  'Leaflet $version, $origin origin, $mode',
  ({ version, origin, mode }) => {
    // The current version pans for the full time with a header; the others show the same in less time.
    const duration = mode === 'header' && version === 1 ? 20_000 : 6000
    const options: LeafletOptions = origin === 'same' ? { tiles: 'same origin' } : {}

    /** Opens a page with a layer, with tokens of the given lifetime in ms. */
    async function open(openLeaflet: OpenLeaflet, lifetime: number) {
      const opened = await openLeaflet(version, mode, options)
      opened.servers.lifetime = lifetime
      await opened.page.evaluate(() => {
        const { L, T, map, url, tokens } = window
        window.layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      })
      return opened
    }

    test(`tokens of 2 s are renewed during ${duration / 1000} s of panning, and no tile fails`, async ({
      openLeaflet,
      annotate,
    }) => {
      const start = performance.now()
      const { page, servers } = await open(openLeaflet, 2000)
      await pan(page, duration)
      await settle(page)
      const time = performance.now() - start
      const { exchanges, tiles, refused } = servers.counts
      await annotate(`${tiles} requests, ${exchanges} exchanges, ${refused} × 401`)
      expect(await page.evaluate(() => globalThis.failed())).toEqual([])
      expect(tiles).toBeGreaterThan(50)
      // The margin is 20 %, the jitter at most 10 %.
      expect(exchanges).toBeLessThanOrEqual(time / (2000 * 0.7) + 1)
    })

    test('a revoked token is renewed once, and only failed tiles are requested again', async ({
      openLeaflet,
    }) => {
      const { page, servers } = await open(openLeaflet, 60_000)
      await settle(page)
      servers.issuer.revokeAll()
      resetCounts(servers)
      await pan(page, 1500)
      await settle(page)
      await healed(page)
      const { exchanges, refused } = servers.counts
      expect(refused).toBeGreaterThan(0)
      expect(exchanges).toBe(1)
    })
  },
)

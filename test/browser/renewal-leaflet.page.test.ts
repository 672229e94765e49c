import { describe } from 'vitest'
import { type LeafletOptions, type OpenLeaflet, test } from '../support/pages/leaflet-test.ts'
import { expectRecovery, expectRenewal, LIFETIME } from '../support/pages/renewal.ts'

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

    test(`tokens of ${LIFETIME / 1000} s are renewed during ${duration / 1000} s of panning, and no tile fails`, async ({
      openLeaflet,
      annotate,
    }) => {
      const start = performance.now()
      const opened = await open(openLeaflet, LIFETIME)
      await annotate(await expectRenewal(opened, duration, start))
    })

    test('a revoked token is renewed once, and only failed tiles are requested again', async ({
      openLeaflet,
    }) => {
      await expectRecovery(await open(openLeaflet, 60_000))
    })
  },
)

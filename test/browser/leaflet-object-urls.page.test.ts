import { describe, expect } from 'vitest'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'

/**
 * A server inside the page, with tiles of one pixel: object URLs can be counted without a network. What
 * is counted as an object URL is a data URL, for which the browser keeps no record in another process.
 */
const SERVER_IN_PAGE = `{
  const network = window.fetch
  const pixel = 'data:image/gif;base64,R0lGODlhAQABAAD/ACwAAAAAAQABAAACADs='
  const tile = network(pixel).then((answer) => answer.blob())
  let created = 0
  URL.createObjectURL = () => pixel + '#' + (created += 1)
  URL.revokeObjectURL = () => {}
  window.fetch = async (request) =>
    request.url?.includes('/v1/') ? new Response(await tile) : network(request)
}`

describe.concurrent.each(COMBINATIONS.filter(({ mode }) => mode === 'header'))(
  '$library',
  ({ version, mode }) => {
    test('10,000 tiles leave no object URL behind', { timeout: 240_000 }, async ({
      openLeaflet,
      annotate,
    }) => {
      const { page, servers } = await openLeaflet(version, mode, {
        before: SERVER_IN_PAGE,
        // Painting would take a sixth of the time, and object URLs are the same without it.
        after: '<style>#map { visibility: hidden }</style>',
      })
      servers.lifetime = 1000
      const result = await page.evaluate(async () => {
        const { L, T, map, tokens, url, until, objectUrls } = window
        const layer = T.createTileLayer(L.TileLayer, url, { tokens, tileSize: 64, keepBuffer: 0 })
        let loaded = 0
        let most = 0
        layer.on('tileload', () => {
          loaded += 1
          most = Math.max(most, objectUrls.size)
        })
        layer.addTo(map)
        for (let step = 0; loaded < 10_000; step += 1) {
          await until(() => !layer.isLoading())
          map.setView([0, -150 + (step % 5) * 75], 7, { animate: false })
        }
        const shown = Object.keys(layer._tiles).length
        // Applications may remove every listener.
        layer.off()
        layer.remove()
        return { loaded, left: objectUrls.size, most: most / shown }
      })
      await annotate(
        `${result.loaded} tiles, at most ${result.most.toFixed(1)} object URLs per tile shown`,
      )
      expect(result.left).toBe(0)
      expect(result.most).toBeLessThan(3)
    })
  },
)

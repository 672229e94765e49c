import { describe, expect } from 'vitest'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'

describe.concurrent.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  test('zooming, panning and redrawing fire the events of the stock layer', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    let release = () => {}
    await page.exposeFunction('holdTiles', () => {
      servers.hold = new Promise<void>((resolve) => {
        release = resolve
      })
    })
    await page.exposeFunction('releaseTiles', () => {
      servers.hold = undefined
      release()
    })
    const [ours, stock] = await page.evaluate(async () => {
      const { L, T, map, tokens, url, openUrl } = window
      const { holdTiles, releaseTiles } = window as unknown as Record<
        'holdTiles' | 'releaseTiles',
        () => Promise<void>
      >
      async function session(make: () => typeof L) {
        const layer = make()
        const counts: Record<string, number> = {}
        const log: unknown[] = []
        layer.on(
          'loading load tileloadstart tileload tileerror tileunload tileabort',
          ({ type }: { type: string }) => {
            counts[type] = (counts[type] ?? 0) + 1
          },
        )
        const phase = async (name: string, act: () => unknown) => {
          await act()
          // Idle for longer than Leaflet waits before it prunes tiles.
          for (let idle = 0; idle < 10; idle += 1) {
            await new Promise((resolve) => setTimeout(resolve, 40))
            if (layer.isLoading() || map._animatingZoom) idle = 0
          }
          const images = [...layer.getContainer().querySelectorAll('img')]
          log.push([name, { ...counts }, images.length, images.every((img) => img.complete)])
        }
        map.setView([50, 10], 5, { animate: false })
        await phase('add', () => layer.addTo(map))
        await phase('pan', () => map.panBy([600, 300], { animate: false }))
        await phase('zoom in', () => map.setZoom(6, { animate: false }))
        // A tile that arrives during the animation would fire another pair of `loading` and `load`.
        await holdTiles()
        await phase('zoom out, animated', async () => {
          const end = new Promise((resolve) => map.once('zoomend', resolve))
          map.setZoom(4, { animate: true })
          await end
          await releaseTiles()
        })
        await phase('zoom in again', () => map.setZoom(5, { animate: false }))
        await phase('redraw', () => layer.redraw())
        await phase('other URL', () => layer.setUrl(`${layer._url}?v=2`))
        await phase('same URL', () => layer.setUrl(layer._url))
        await phase('opacity', () => layer.setOpacity(0.5).bringToFront())
        layer.remove()
        log.push(counts.tileunload === counts.tileloadstart)
        await new Promise((resolve) => setTimeout(resolve, 50))
        await phase('add again', () => layer.addTo(map))
        layer.remove()
        return log
      }
      const ours = await session(() => T.createTileLayer(L.TileLayer, url, { tokens }))
      return [ours, await session(() => new L.TileLayer(openUrl))]
    })
    expect(ours).toEqual(stock)
    expect(await page.evaluate(() => window.objectUrls.size)).toBe(0)
  })

  test('options lead to the URLs and attributes of the stock layer', async ({ openLeaflet }) => {
    const { page } = await openLeaflet(version, mode)
    const pairs = await page.evaluate(async () => {
      const { L, T, map, tokens, url, openUrl, until, fetches } = window
      const path = (url: string) => url.replace(/^https?:..[^/]*|[?&]access_token=.*/g, '')
      async function look(layer: typeof L) {
        fetches.urls.length = 0
        layer.addTo(map)
        await until(() => !layer.isLoading())
        const images = [...layer.getContainer().querySelectorAll('img')]
        const loaded = images[0].src.startsWith('blob:')
          ? fetches.urls
          : images.map(({ src }) => src)
        const sources = [...new Set(loaded.map(path))].sort()
        const [img] = images
        const { crossOrigin, referrerPolicy, alt, className } = img
        const { width, height } = img.style
        const attributes = { crossOrigin, referrerPolicy, alt, className, width, height }
        const direct = path(layer.getTileUrl({ x: 1, y: 2, z: 3 }))
        layer.remove()
        return { sources, attributes, direct }
      }
      const cases = [
        {},
        { tms: true },
        { zoomOffset: -1, tileSize: 512 },
        { zoomReverse: true, maxZoom: 9 },
        { minNativeZoom: 3, maxNativeZoom: 4 },
        { bounds: [[45, 5], [50, 10]] }, // biome-ignore format: a pair of corners
        { noWrap: true },
        { detectRetina: true },
        { crossOrigin: true },
        { crossOrigin: 'anonymous', referrerPolicy: 'no-referrer', className: 'mine' },
        { referrerPolicy: 'nonsense' },
        { subdomains: 'qrs', query: '{s}' },
        { query: '{-y}{r}' },
      ]
      const pairs = []
      for (const { query, ...options } of cases as { query?: string }[]) {
        const add = query ? `?q=${query}` : ''
        pairs.push([
          await look(T.createTileLayer(L.TileLayer, url + add, { tokens, ...options })),
          await look(new L.TileLayer(openUrl + add, options)),
        ])
      }
      return pairs
    })
    expect(pairs.length).toBe(13)
    for (const [ours, stock] of pairs) expect(ours).toEqual(stock)
  })

  test('WMS parameters are those of the stock layer with any options', async ({ openLeaflet }) => {
    const { page } = await openLeaflet(version, mode)
    const [ours, stock] = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until } = window
      const base = `${new URL(url).origin}/v1/wms.png`
      const options = { layers: 'parcels', format: 'image/png', transparent: true, vendor: 'x' }
      const queries = (names: string[]) =>
        names.map((name) => name.split('?')[1]?.replace(/&?access_token=.*/, '')).sort()
      const ours = T.createTileLayer(L.TileLayer.WMS, base, { tokens, ...options })
      ours.addTo(map)
      await until(() => !ours.isLoading())
      const sent = performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .filter((name) => name.includes('wms.png'))
      const params = { ...ours.wmsParams }
      ours.setParams({ layers: 'roads' })
      await until(() => !ours.isLoading())
      const stock = new L.TileLayer.WMS(base, options)
      const made: string[] = []
      const { getTileUrl } = stock
      stock.getTileUrl = (coords: unknown) => {
        made.push(getTileUrl.call(stock, coords))
        return 'data:,'
      }
      stock.addTo(map)
      const result = [
        { queries: queries([...new Set(sent)]), params },
        { queries: queries(made), params: stock.wmsParams },
      ]
      stock.remove()
      ours.remove()
      return result
    })
    expect(ours).toEqual(stock)
    expect(ours?.queries.length).toBeGreaterThan(6)
  })

  test('without tokens, or for URLs outside the list, it behaves as the stock layer', async ({
    openLeaflet,
  }) => {
    const { page } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
      const { L, T, map, tokens, openUrl, until, fetches } = window
      const results = []
      for (const options of [{}, { tokens: undefined }, { tokens }]) {
        const layer = T.createTileLayer(L.TileLayer, openUrl, options)
        layer.addTo(map)
        const { src } = layer.getContainer().querySelector('img')
        await until(() => !layer.isLoading())
        results.push(src.startsWith(openUrl.slice(0, 20)), fetches.urls.length)
        layer.remove()
      }
      const Grid = T.withTokens(L.GridLayer)
      const grid = new Grid({ tokens, tileSize: 128 }).addTo(map)
      await until(() => !grid.isLoading())
      map.setZoom(6, { animate: false })
      await until(() => !grid.isLoading())
      results.push(grid.options.tileSize, 'tokens' in grid.options)
      grid.remove()
      return results
    })
    expect(result).toEqual([true, 0, true, 0, true, 0, 128, false])
  })
})

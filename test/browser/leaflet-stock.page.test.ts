import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launch } from '../support/pages/chromium.ts'
import { COMBINATIONS, openLeaflet } from '../support/pages/leaflet-page.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
})

describe.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  let opened: Awaited<ReturnType<typeof openLeaflet>>
  beforeEach(async () => {
    opened = await openLeaflet(browser, version, mode)
  })
  afterEach(async () => {
    expect(opened.printed).toEqual([])
    await opened.close()
  })

  test('a session of zooming, panning and redrawing fires the events of the stock layer', async () => {
    await opened.page.exposeFunction('setDelay', (ms: number) => {
      opened.servers.delay = ms
    })
    const [ours, stock] = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, openUrl } = window
      const { setDelay } = window as unknown as { setDelay(ms: number): Promise<void> }
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
        const phase = async (name: string, act: () => void) => {
          act()
          // Idle for longer than the pruning of tiles takes.
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
        // Tiles that come during the animation fire another pair of `loading` and `load`: these come later.
        await setDelay(600)
        await phase('zoom out, animated', () => map.setZoom(4, { animate: true }))
        await setDelay(0)
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
    expect(await opened.page.evaluate(() => window.objectUrls.size)).toBe(0)
  })

  test('options become the URLs and attributes of the stock layer', async () => {
    const pairs = await opened.page.evaluate(async () => {
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

  test('a redraw in the middle of loading ends only tiles that are there', async () => {
    opened.servers.delay = 100
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until, objectUrls } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens })
      let blank = 0
      let loaded = 0
      let failed = 0
      layer.on('tileload', ({ tile }: { tile: HTMLImageElement }) => {
        loaded += 1
        if (tile.naturalWidth !== 256) blank += 1
      })
      layer.on('tileerror', () => {
        failed += 1
      })
      layer.addTo(map)
      for (let n = 0; n < 10; n += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20 * n))
        layer.redraw()
      }
      loaded = 0
      await until(() => !layer.isLoading())
      const tiles = Object.keys(layer._tiles).length
      const live = objectUrls.size
      layer.remove()
      return {
        blank,
        failed,
        difference: tiles - loaded,
        live: live - tiles,
        left: objectUrls.size,
      }
    })
    expect(result).toEqual({
      blank: 0,
      failed: 0,
      difference: 0,
      live: mode === 'header' ? 0 : expect.any(Number),
      left: 0,
    })
  })

  test('zooming away aborts what is still loading, and removal everything', async () => {
    opened.servers.delay = 1000
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, objectUrls, until, fetches } = window
      await tokens.getToken()
      const layer = T.createTileLayer(L.TileLayer, url, { tokens })
      const events: string[] = []
      layer.on('tileload tileabort tileerror', ({ type }: { type: string }) => events.push(type))
      layer.addTo(map)
      const first = Object.keys(layer._tiles).length
      const pending = [...layer.getContainer().querySelectorAll('img')].filter(
        (img) => !img.complete,
      )
      await new Promise((resolve) => setTimeout(resolve, 100))
      const zoomStarted = events.length
      map.setZoom(6)
      await until(() => map._animatingZoom)
      const aborted = events.length - zoomStarted
      await new Promise((resolve) => setTimeout(resolve, 500))
      layer.remove()
      await new Promise((resolve) => setTimeout(resolve, 1200))
      const afterRemoval = events.filter((type) => type !== 'tileabort')
      const left = objectUrls.size
      layer.addTo(map)
      await until(() => !layer.isLoading())
      layer.remove()
      return {
        pending: pending.length - first,
        aborted: aborted - first,
        afterRemoval,
        left,
        abortedFetches: fetches.aborted,
      }
    })
    expect(result).toMatchObject({ pending: 0, aborted: 0, afterRemoval: [], left: 0 })
    // Six in flight at the zoom, six at the removal; the others never left.
    if (mode === 'header') expect(result.abortedFetches).toBe(12)
  })

  test('a tile made before the layer is on a map loads, tells so and leaves nothing behind', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, tokens, url, objectUrls } = window
      const layer = T.createTileLayer(L.TileLayer, url.replace('{z}', '3'), { tokens })
      const tile = await new Promise<HTMLImageElement>((resolve, reject) => {
        layer.createTile({ x: 1, y: 2, z: 3 }, (error: unknown, tile: HTMLImageElement) =>
          error ? reject(error) : resolve(tile),
        )
      })
      await new Promise((resolve) => setTimeout(resolve))
      return [tile.tagName, tile.naturalWidth, objectUrls.size]
    })
    expect(result).toEqual(['IMG', 256, 0])
  })

  test('without tokens, or off the list, it is the stock layer', async () => {
    const result = await opened.page.evaluate(async () => {
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

  test('WMS parameters are those of the stock layer, whatever the options', async () => {
    const [ours, stock] = await opened.page.evaluate(async () => {
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

  test('an error image takes the place of a missing tile, from the private server too', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, openUrl, until, incomplete } = window
      const good = (url: string) => url.replace(/\{[zxy]\}/g, '0')
      const results = []
      for (const errorTileUrl of [
        good(openUrl),
        good(url),
        good(url).replace('raster', 'missing'),
      ]) {
        const missing = url.replace('raster', 'missing')
        const layer = T.createTileLayer(L.TileLayer, missing, { tokens, errorTileUrl })
        const errors: unknown[] = []
        layer.on('tileerror', ({ error }: { error: { status?: number } }) =>
          errors.push(error.status),
        )
        layer.addTo(map)
        await until(() => !layer.isLoading())
        const tiles = Object.keys(layer._tiles).length
        await until(() => errorTileUrl.includes('missing') || incomplete(layer).length === 0)
        await new Promise((resolve) => setTimeout(resolve, 100))
        results.push([errors.length >= tiles, errors.includes(404)])
        layer.remove()
      }
      return results
    })
    expect(result).toEqual([
      [true, true],
      [true, true],
      [true, true],
    ])
    expect(opened.servers.counts.exchanges).toBe(1)
  })

  test('print plugins can read the image again until it is unloaded, and the canvas is clean', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until, objectUrls } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens, crossOrigin: true })
      layer.addTo(map)
      await until(() => !layer.isLoading())
      const images: HTMLImageElement[] = [...layer.getContainer().querySelectorAll('img')]
      const sizes = await Promise.all(
        images.map(async ({ src }) => (await (await fetch(src)).blob()).size > 0),
      )
      const canvas = document.createElement('canvas')
      const context = canvas.getContext('2d')
      for (const image of images) context?.drawImage(image, 0, 0)
      const pixel = context?.getImageData(0, 0, 1, 1).data[1]
      layer.remove()
      return { all: sizes.every(Boolean), pixel, left: objectUrls.size }
    })
    expect(result).toEqual({ all: true, pixel: 120, left: 0 })
  })

  test('several layers on one manager cost one exchange, and go one by one', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until, objectUrls, incomplete } = window
      const layers = ['raster', 'dem', 'raster'].map((path) =>
        T.createTileLayer(L.TileLayer, url.replace('raster', path), { tokens }),
      )
      for (const layer of layers) layer.addTo(map)
      await until(() => layers.every((layer) => !layer.isLoading()))
      layers[1].remove()
      const remaining = [incomplete(layers[0]), incomplete(layers[2])]
      layers[0].remove()
      layers[2].remove()
      return [remaining, objectUrls.size]
    })
    expect(result).toEqual([[[], []], 0])
    expect(opened.servers.counts.exchanges).toBe(1)
  })
})

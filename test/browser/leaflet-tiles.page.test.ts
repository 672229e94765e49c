import { describe, expect } from 'vitest'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'

describe.concurrent.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  test('a redraw while tiles load fires events only for tiles of the layer', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    servers.delay = 100
    const result = await page.evaluate(async () => {
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

  test('zooming away aborts tiles that are still loading, and removing the layer aborts all of them', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    let release = () => {}
    servers.hold = new Promise<void>((resolve) => {
      release = resolve
    })
    const loading = await page.evaluate(async (isFetched) => {
      const { L, T, map, tokens, url, until, fetches } = window
      await tokens.getToken()
      const layer = T.createTileLayer(L.TileLayer, url, { tokens })
      const events: string[] = []
      Object.assign(window, { layer, events })
      layer.on('tileload tileabort tileerror', ({ type }: { type: string }) => events.push(type))
      layer.addTo(map)
      const first = Object.keys(layer._tiles).length
      const pending = [...layer.getContainer().querySelectorAll('img')].filter(
        (img) => !img.complete,
      )
      const areUnderWay = () => !isFetched || fetches.now === 6
      await until(areUnderWay)
      map.setZoom(6)
      await until(() => map._animatingZoom)
      const aborted = events.length
      await until(() => !map._animatingZoom && areUnderWay())
      layer.remove()
      return { pending: pending.length - first, aborted: aborted - first }
    }, mode === 'header')
    expect(loading).toEqual({ pending: 0, aborted: 0 })
    release()
    const removed = await page.evaluate(async () => {
      const { map, layer, events, objectUrls, until, fetches } = window
      await until(() => fetches.now === 0)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const afterRemoval = events.filter((type) => type !== 'tileabort')
      const left = objectUrls.size
      layer.addTo(map)
      await until(() => !layer.isLoading())
      layer.remove()
      return { afterRemoval, left, abortedFetches: fetches.aborted }
    })
    expect(removed).toMatchObject({ afterRemoval: [], left: 0 })
    // Six requests were in flight at the zoom and six at the removal; the others were never sent.
    if (mode === 'header') expect(removed.abortedFetches).toBe(12)
  })

  test('a tile created before the layer is on a map loads, calls back and leaves no object URL behind', async ({
    openLeaflet,
  }) => {
    const { page } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
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

  test('tiles are requested from the centre, at most six at a time', async ({ openLeaflet }) => {
    const { page, servers } = await openLeaflet(version, mode)
    servers.delay = 20
    const result = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until, fetches } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens, tileSize: 128 })
      layer.addTo(map)
      const order = Object.values(
        layer._tiles as Record<string, { coords: Record<string, number> }>,
      )
      await until(() => !layer.isLoading())
      const expected = order.map(({ coords: { x, y, z } }) => `${z}/${x}/${y}`)
      const asked = fetches.urls.map((url) => /\d+\/\d+\/\d+(?=\.)/.exec(url)?.[0])
      return { expected, asked, most: fetches.most }
    })
    if (mode === 'header') {
      expect(result.asked).toEqual(result.expected)
      expect(result.most).toBe(6)
    } else expect(result.asked).toEqual([])
  })

  test('an error image replaces a missing tile, even if it is on the private server', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
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
    expect(servers.counts.exchanges).toBe(1)
  })

  test('print plugins can read an image again until it is unloaded, and the canvas is not tainted', async ({
    openLeaflet,
  }) => {
    const { page } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
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

  test('several layers on one manager cost one exchange and can be removed one by one', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
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
    expect(servers.counts.exchanges).toBe(1)
  })
})

import { describe, expect } from 'vitest'
import { test } from '../support/pages/leaflet-plugins-test.ts'
import { findSnippet } from '../support/snippets.ts'

describe.concurrent.each(['header', 'query'] as const)('Leaflet 1.9.4, %s', (mode) => {
  test('leaflet.tilelayer.fallback shows the same parent tiles as with the stock class', async ({
    openPlugin,
  }) => {
    const { page } = await openPlugin('fallback', mode)
    const [ours, stock, made] = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until, incomplete } = window
      const { value } = await tokens.getToken()
      const sparse = url.replace('raster', 'sparse')
      async function session(layer: typeof L) {
        const fallbacks: string[] = []
        const made: string[] = []
        const errors: unknown[] = []
        layer.on('tileerror', ({ error }: { error: unknown }) => errors.push(error))
        layer.on('tilefallback', (event: Record<'url' | 'urlFallback', string>) => {
          fallbacks.push(event.urlFallback.replace(/\?.*/, ''))
          made.push(event.url)
        })
        map.setView([0, 0], 3, { animate: false })
        layer.addTo(map)
        await until(() => !layer.isLoading())
        const before = fallbacks.length
        map.setZoom(4, { animate: false })
        await until(() => !layer.isLoading())
        const tiles = Object.entries(layer._tiles as Record<string, { el: HTMLElement }>)
          .filter(([key]) => key.endsWith(':4'))
          .map(([key, { el }]) => [key, el.style.cssText] as const)
        const missing = incomplete(layer)
        layer.remove()
        return { seen: { tiles, missing, errors, before, fallbacks: fallbacks.sort() }, made }
      }
      const Fallback = T.withTokens(L.TileLayer.Fallback)
      const ours = await session(new Fallback(sparse, { tokens }))
      const stock = await session(new L.TileLayer.Fallback(`${sparse}?access_token=${value}`))
      return [ours.seen, stock.seen, ours.made] as const
    })
    expect(ours).toEqual(stock)
    expect(ours).toMatchObject({ missing: [], errors: [], before: 0 })
    expect(ours.tiles.every(([, style]) => style.includes('width: 512px'))).toBe(true)
    expect(ours.fallbacks).toHaveLength(ours.tiles.length)
    // The plugin copies `src` while a tile is created; that must not be a URL with a token.
    const withoutToken = /^tilepass:http.*\/sparse\/\d+\/\d+\/\d+\.png$/
    expect(made.length).toBeGreaterThan(0)
    expect(made.filter((url) => !withoutToken.test(url))).toEqual([])
    expect(await page.evaluate(() => window.objectUrls.size)).toBe(0)
  })

  test('leaflet.tilelayer.fallback does not replace a refused tile by its parent', async ({
    openPlugin,
  }) => {
    const { page, servers } = await openPlugin('fallback', mode)
    const result = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until, incomplete, objectUrls, revokeAll } = window
      const Fallback = T.withTokens(L.TileLayer.Fallback)
      const layer = new Fallback(url.replace('raster', 'sparse'), { tokens }).addTo(map)
      await until(() => !layer.isLoading())
      await revokeAll()
      const events: string[] = []
      layer.on('tilefallback tileerror', ({ type }: { type: string }) => events.push(type))
      map.setZoom(2, { animate: false })
      await until(() => !layer.isLoading())
      const tiles = Object.keys(layer._tiles).length
      const missing = incomplete(layer)
      layer.remove()
      return { events, missing, tiles, objectUrls: objectUrls.size }
    })
    expect(result).toMatchObject({ events: [], missing: [], objectUrls: 0 })
    expect(result.tiles).toBeGreaterThan(6)
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(servers.counts.exchanges).toBe(2)
  })

  test('leaflet.tilelayer.colorfilter sets the same filters as with the stock layer', async ({
    openPlugin,
  }) => {
    const { page, servers } = await openPlugin('colorfilter', mode)
    const [ours, stock] = await page.evaluate(async () => {
      const { L, T, map, tokens, url, openUrl, until, incomplete } = window
      const options = () => ({ tokens, colorFilter: ['invert:100%', 'gray:50'] })
      async function session(layer: typeof L) {
        layer.addTo(map)
        const filters = [layer.getContainer().style.filter]
        await until(() => !layer.isLoading())
        layer.updateColorFilter(['sepia:80'])
        filters.push(layer.getContainer().style.filter)
        layer.remove()
        layer.addTo(map)
        filters.push(layer.getContainer().style.filter)
        await until(() => !layer.isLoading())
        const missing = incomplete(layer)
        layer.remove()
        return { filters, missing }
      }
      return [
        await session(T.createTileLayer(L.TileLayer, url, options())),
        await session(new L.TileLayer(openUrl, options())),
      ]
    })
    expect(ours).toEqual(stock)
    expect(ours).toEqual({
      filters: ['invert(100%) grayscale(50%)', 'sepia(80%)', 'sepia(80%)'],
      missing: [],
    })
    expect(await page.evaluate(() => window.objectUrls.size)).toBe(0)
    expect(servers.counts.leaked).toEqual([])
  })

  test('leaflet.offline shows every tile, and what its control saved costs no request', async ({
    openPlugin,
  }) => {
    const { page, servers } = await openPlugin('offline', mode)
    servers.lifetime = 2000
    const { code } = findSnippet('packages/leaflet/README.md', 'Offline', 'ts', 'leaflet.offline')
    const control = /savetiles\(layer,.*\}\)/s.exec(code)?.[0] ?? ''
    const errors = await page.evaluate(async (control) => {
      const { T, LeafletOffline, map, tokens, url, until, revokeAll } = window
      const { tileLayerOffline, savetiles, hasTile, saveTile } = LeafletOffline
      const OfflineLayer = tileLayerOffline('', {}).constructor
      const layer = T.createTileLayer(OfflineLayer, url, { tokens })
      window.layer = layer
      const errors: unknown[] = []
      layer.on('tileerror', ({ error }: { error: unknown }) => errors.push(error))
      let renewals = 0
      tokens.on('renewed', () => {
        renewals += 1
      })
      const isShown = () => !layer.isLoading() && window.failed().length === 0
      layer.addTo(map)
      await until(isShown)
      await revokeAll()
      map.setZoom(4, { animate: false })
      await until(() => isShown() && renewals > 2)
      map.setZoom(5, { animate: false })
      await until(isShown)
      const run = new Function('savetiles, layer, hasTile, saveTile, tokens', `return ${control}`)
      map.addControl(run(savetiles, layer, hasTile, saveTile, tokens))
      const saved = new Promise((resolve) => layer.on('loadend', resolve))
      document.querySelector<HTMLElement>('a.savetiles')?.click()
      await saved
      return errors
    }, control)
    expect(errors).toEqual([])
    const { tiles } = servers.counts
    servers.refusing = true
    const result = await page.evaluate(async () => {
      const { LeafletOffline, map, layer, url, until, failed } = window
      layer.remove()
      layer.addTo(map)
      await until(() => !layer.isLoading())
      const stored = await LeafletOffline.getStorageInfo(url)
      const shown = Object.keys(layer._tiles).length
      return { missing: failed(), shown, keys: stored.map(({ key }) => key) }
    })
    expect(result.missing).toEqual([])
    expect(servers.counts.tiles).toBe(tiles)
    expect(result.keys).toHaveLength(result.shown)
    expect(result.keys.filter((key) => !/\/raster\/5\/\d+\/\d+\.png$/.test(key))).toEqual([])
  })

  test('leaflet-boundary-canvas is refused in words, and draws what tokens.fetch() loads', async ({
    openPlugin,
  }) => {
    const { page } = await openPlugin('boundary', mode)
    const result = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until } = window
      const boundary = { type: 'Polygon', coordinates: [[[-90, -60], [90, -60], [90, 60], [-90, -60]]] } // biome-ignore format: a ring
      const { BoundaryCanvas } = L.TileLayer
      let refusal = ''
      try {
        T.createTileLayer(BoundaryCanvas, url, { tokens, boundary }).addTo(map)
      } catch (error) {
        refusal = String(error)
      }
      class PrivateBoundary extends BoundaryCanvas {
        async _drawTileInternal(canvas: unknown, coords: unknown, url: string, done: () => void) {
          const response = await tokens.fetch(url)
          super._drawTileInternal(canvas, coords, URL.createObjectURL(await response.blob()), done)
        }
      }
      const layer = new (PrivateBoundary as typeof L)(url, { boundary }).addTo(map)
      await until(() => !layer.isLoading())
      const canvases: HTMLCanvasElement[] = [...layer.getContainer().querySelectorAll('canvas')]
      const isDrawn = (canvas: HTMLCanvasElement) =>
        canvas
          .getContext('2d')
          ?.getImageData(0, 0, 256, 256)
          .data.some((value) => value > 0)
      return { refusal, drawn: canvases.filter(isDrawn).length }
    })
    expect(result.refusal).toMatch(/^TypeError: .*tokens\.fetch\(\)/)
    expect(result.drawn).toBeGreaterThan(0)
  })

  test.for(['archive', 'getZxy'] as const)(
    'protomaps-leaflet with %s draws every tile, even after a refusal',
    async (way, { openPlugin }) => {
      const { page, servers } = await openPlugin('protomaps', mode)
      const result = await page.evaluate(async (way) => {
        const { protomapsL, createPmtilesArchive, isBlank } = window
        const { map, tokens, url, until, revokeAll } = window
        const { origin } = new URL(url)
        const tiles = {
          async getZxy(z: number, x: number, y: number, signal?: AbortSignal) {
            const tile = `${origin}/v1/vector/${z}/${x}/${y}.mvt`
            const response = await tokens.fetch(tile, { signal: signal ?? null })
            if (!response.ok) throw new Error(`The tile server answered ${response.status}.`)
            return { data: await response.arrayBuffer() }
          },
        }
        const archive = createPmtilesArchive(tokens, `${origin}/v1/world.pmtiles`)
        const layer = protomapsL.leafletLayer({
          url: way === 'archive' ? archive : tiles,
          maxDataZoom: 2,
          paintRules: [{ dataLayer: 'land', symbolizer: new protomapsL.PolygonSymbolizer({}) }],
          labelRules: [],
        })
        const look = () => {
          const canvases = [...document.querySelectorAll('canvas')]
          return { some: canvases.length > 6, blank: canvases.filter(isBlank).length }
        }
        map.setView([0, 0], 2, { animate: false })
        layer.addTo(map)
        await until(() => !layer.isLoading())
        const first = look()
        await revokeAll()
        map.setZoom(3, { animate: false })
        await until(() => !layer.isLoading())
        return { first, second: look() }
      }, way)
      expect(result).toEqual({ first: { some: true, blank: 0 }, second: { some: true, blank: 0 } })
      expect(servers.counts.refused).toBeGreaterThan(0)
      expect(servers.counts.exchanges).toBe(2)
    },
  )

  test('maplibre-gl-leaflet loads every tile, even after a refusal and when it is added again', async ({
    openPlugin,
  }) => {
    const { page, servers } = await openPlugin('maplibre', mode)
    await page.evaluate(async () => {
      const { MaplibreGLLeaflet, maplibregl, tilepass, map, tokens, url, until, revokeAll } = window
      const auth = tilepass.createMapAuthorizer(tokens, { addProtocol: maplibregl.addProtocol })
      const layer = MaplibreGLLeaflet.maplibreGL({
        style: `${new URL(url).origin}/v1/land.json`,
        transformRequest: auth.transformRequest,
      })
      layer.on('add', () => auth.attach(layer.getMaplibreMap()))
      const isShown = (lng: number) => {
        const inner = layer.getMaplibreMap()
        if (Math.round(inner.getCenter().lng) !== lng || !inner.loaded()) return false
        // MapLibre's own `areTilesLoaded` is also true if tiles have failed.
        const tiles = inner.style.tileManagers.land._inViewTiles.getAllTiles()
        return tiles.length > 0 && tiles.every((tile: { state: string }) => tile.state === 'loaded')
      }
      layer.addTo(map)
      await until(() => isShown(0))
      await revokeAll()
      map.setView([40, 100], 6, { animate: false })
      await until(() => isShown(100))
      layer.remove()
      await revokeAll()
      layer.addTo(map)
      await until(() => isShown(100))
    })
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(servers.counts.exchanges).toBe(3)
  })
})

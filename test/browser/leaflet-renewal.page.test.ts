import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launch } from '../support/pages/chromium.ts'
import { COMBINATIONS, openLeaflet } from '../support/pages/leaflet-page.ts'

/** A server in the page, with tiles of one pixel: what is counted here needs no network. */
const SERVER_IN_PAGE = `{
  const network = window.fetch
  const tile = network('data:image/gif;base64,R0lGODlhAQABAAD/ACwAAAAAAQABAAACADs=').then((answer) => answer.blob())
  window.fetch = async (request) =>
    request.url?.includes('/v1/') ? new Response(await tile) : network(request)
}`

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

  test('renewals touch no tile that is there', async () => {
    opened.servers.lifetime = 1000
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      await until(() => !layer.isLoading())
      const look = () =>
        [...layer.getContainer().querySelectorAll('img')].map(({ src, style }) => [
          src,
          style.opacity,
        ])
      const images = [...layer.getContainer().querySelectorAll('img')]
      const before = look()
      let changes = 0
      new MutationObserver((records) => {
        changes += records.length
      }).observe(layer.getContainer(), { subtree: true, childList: true, attributes: true })
      const start = performance.now()
      let renewals = 0
      tokens.on('renewed', () => {
        renewals += 1
      })
      await until(() => renewals >= 3 && performance.now() - start > 300)
      const same = images.every(
        (image, i) => image === layer.getContainer().querySelectorAll('img')[i],
      )
      return { same, unchanged: JSON.stringify(look()) === JSON.stringify(before), changes }
    })
    expect(result).toEqual({ same: true, unchanged: true, changes: 0 })
    const { tiles, refused } = opened.servers.counts
    expect([tiles <= 20, refused]).toEqual([true, 0])
  })

  test('after a refusal only the refused tiles are requested again, and "load" waits for them', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      await until(() => !layer.isLoading())
      const good = [...layer.getContainer().querySelectorAll('img')].map((img) => [img, img.src])
      Object.assign(window, { layer, good })
      return good.length
    })
    opened.servers.issuer.revokeAll()
    Object.assign(opened.servers.counts, { exchanges: 0, tiles: 0, refused: 0 })
    const after = await opened.page.evaluate(async () => {
      const { map, until, incomplete, layer, good } = window as typeof window & {
        layer: typeof window.L
        good: [HTMLImageElement, string][]
      }
      let errors = 0
      let missingAtLoad = -1
      layer.on('tileerror', () => {
        errors += 1
      })
      layer.on('load', () => {
        missingAtLoad = incomplete(layer).length
      })
      const before = Object.keys(layer._tiles).length
      map.panBy([400, 0], { animate: false })
      const added = Object.keys(layer._tiles).length - before
      await until(() => missingAtLoad >= 0)
      const kept = good.filter(([img, src]) => img.isConnected && img.src === src).length
      return { errors, missingAtLoad, added, lost: before - kept }
    })
    expect(after).toMatchObject({ errors: 0, missingAtLoad: 0, lost: 0 })
    const { exchanges, tiles, refused } = opened.servers.counts
    expect(exchanges).toBe(1)
    // Query mode adds the one probe.
    expect(refused).toBeLessThanOrEqual(after.added + 1)
    expect(tiles - refused).toBe(after.added)
    expect(result).toBeGreaterThan(6)
  })

  test('missing tiles cost no exchange and at most one probe a second', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until, fetches } = window
      const layer = T.createTileLayer(L.TileLayer, url.replace('raster', 'missing'), { tokens })
      const statuses: unknown[] = []
      layer.on('tileerror', ({ error }: { error: { status?: number } }) => {
        statuses.push(error.status)
      })
      layer.addTo(map)
      const start = performance.now()
      for (let step = 0; step < 15; step += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        map.panBy([0, 250], { animate: false })
      }
      await until(() => !layer.isLoading())
      const seconds = (performance.now() - start) / 1000
      await new Promise((resolve) => setTimeout(resolve, 1200))
      return { statuses, probes: fetches.urls.length, seconds, state: tokens.state }
    })
    expect(opened.servers.counts.exchanges).toBe(1)
    expect(result.state).toBe('fresh')
    if (mode === 'header') expect(new Set(result.statuses)).toEqual(new Set([404]))
    else {
      expect(result.statuses).toContain(404)
      expect(result.probes).toBeLessThanOrEqual(result.seconds + 1)
    }
  })

  test('an error image from the private server gives way to the tile when there is a token', async () => {
    opened.servers.broker = 'denies'
    const options = { errorTileUrl: `${opened.servers.tiles}/v1/dem/0/0/0.png` }
    const errors = await opened.page.evaluate(async (options) => {
      const { L, T, map, tokens, url, until } = window
      let errors = 0
      const layer = T.createTileLayer(L.TileLayer, url, { tokens, ...options })
      layer.on('tileerror', () => {
        errors += 1
      })
      Object.assign(window, { layer })
      layer.addTo(map)
      await until(() => !layer.isLoading())
      return errors - Object.keys(layer._tiles).length
    }, options)
    expect(errors).toBe(0)
    opened.servers.broker = 'works'
    await opened.page.evaluate(async () => {
      const { incomplete, layer, tokens, until } = window as typeof window & { layer: unknown }
      await tokens.renew()
      await until(() => incomplete(layer).length === 0)
    })
    const served = opened.servers.log.filter(({ status }) => status === 200)
    expect(served.length).toBeGreaterThan(8)
    expect(served.filter(({ path }) => !path.startsWith('/v1/raster/'))).toEqual([])
  })

  test('zooming away aborts tiles whose refusal is being found out', async () => {
    opened.servers.refusing = true
    const result = await opened.page.evaluate(async (mode) => {
      const { L, T, map, tokens, url, until } = window
      await tokens.getToken()
      // Where images are loaded by it, they wait; where they have failed, the answer to why is awaited.
      let asked = false
      window.fetch = () => {
        asked = true
        return new Promise(() => {})
      }
      let failed = 0
      const countFailure = () => {
        failed += 1
      }
      document.addEventListener('error', countFailure, true)
      const layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      const tiles = Object.keys(layer._tiles).length
      let aborted = 0
      layer.on('tileabort', () => {
        aborted += 1
      })
      await until(() => asked && failed === (mode === 'query' ? tiles : 0))
      map.setZoom(6)
      await until(() => map._animatingZoom)
      const result = aborted - tiles
      layer.remove()
      return result
    }, mode)
    expect(result).toBe(0)
  })

  test('tiles go out from the centre, a few at a time', async () => {
    opened.servers.delay = 20
    const result = await opened.page.evaluate(async () => {
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

  test('sign-out ends what waits; after it the layer starts afresh', async () => {
    const result = await opened.page.evaluate(async () => {
      const { L, T, map, tokens, url, until, incomplete, objectUrls } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      tokens.invalidate()
      layer.redraw()
      await until(() => !layer.isLoading() && incomplete(layer).length === 0)
      layer.remove()
      tokens.dispose()
      layer.addTo(map)
      await until(() => !layer.isLoading() && incomplete(layer).length === 0)
      layer.remove()
      return objectUrls.size
    })
    expect(result).toBe(0)
  })
})

describe.each(COMBINATIONS.filter(({ mode }) => mode === 'header'))(
  '$library',
  ({ version, mode }) => {
    test('10,000 tiles leave no object URL behind', async () => {
      const { page, printed, servers, close } = await openLeaflet(
        browser,
        version,
        mode,
        SERVER_IN_PAGE,
      )
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
        const there = Object.keys(layer._tiles).length
        // Even when somebody has taken every listener off.
        layer.off()
        layer.remove()
        return { loaded, left: objectUrls.size, most: most / there }
      })
      console.info(
        `${result.loaded} tiles, at most ${result.most.toFixed(1)} object URLs per tile shown`,
      )
      expect(result.left).toBe(0)
      expect(result.most).toBeLessThan(3)
      expect(printed).toEqual([])
      await close()
    }, 240_000)
  },
)

import { describe, expect } from 'vitest'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'
import { resetCounts } from '../support/pages/servers.ts'

describe.concurrent.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  test('renewals do not touch loaded tiles', async ({ openLeaflet }) => {
    const { page, servers } = await openLeaflet(version, mode)
    await page.evaluate(async () => {
      const { L, T, map, tokens, url, until } = window
      window.layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      await until(() => !window.layer.isLoading())
    })
    const { tiles, refused } = servers.counts
    expect([tiles <= 20, refused]).toEqual([true, 0])
    resetCounts(servers)
    servers.lifetime = 1000
    await page.evaluate(() => window.tokens.renew())
    const result = await page.evaluate(async () => {
      const { layer, tokens, until } = window
      const findImages = (): HTMLImageElement[] => [...layer.getContainer().querySelectorAll('img')]
      const look = () => findImages().map(({ src, style }) => [src, style.opacity])
      const images = findImages()
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
      const same = images.every((image, i) => image === findImages()[i])
      return { same, unchanged: JSON.stringify(look()) === JSON.stringify(before), changes }
    })
    expect(result).toEqual({ same: true, unchanged: true, changes: 0 })
    expect(servers.counts).toMatchObject({ tiles: 0, refused: 0 })
  })

  test('only refused tiles are requested again, and "load" waits for them', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      await until(() => !layer.isLoading())
      const good = [...layer.getContainer().querySelectorAll('img')].map((img) => [img, img.src])
      Object.assign(window, { layer, good })
      return good.length
    })
    servers.issuer.revokeAll()
    Object.assign(servers.counts, { exchanges: 0, tiles: 0, refused: 0 })
    const after = await page.evaluate(async () => {
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
    const { exchanges, tiles, refused } = servers.counts
    expect(exchanges).toBe(1)
    // In query mode there is one probe more.
    expect(refused).toBeLessThanOrEqual(after.added + 1)
    expect(tiles - refused).toBe(after.added)
    expect(result).toBeGreaterThan(6)
  })

  test('missing tiles cost no exchange and at most one probe a second', async ({ openLeaflet }) => {
    const { page, servers } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
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
    expect(servers.counts.exchanges).toBe(1)
    expect(result.state).toBe('fresh')
    if (mode === 'header') expect(new Set(result.statuses)).toEqual(new Set([404]))
    else {
      expect(result.statuses).toContain(404)
      expect(result.probes).toBeLessThanOrEqual(result.seconds + 1)
    }
  })

  test('a tile replaces its error image from the private server once there is a token', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    servers.broker = 'denies'
    const options = { errorTileUrl: `${servers.tiles}/v1/dem/0/0/0.png` }
    const errors = await page.evaluate(async (options) => {
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
    servers.broker = 'works'
    await page.evaluate(async () => {
      const { incomplete, layer, tokens, until } = window as typeof window & { layer: unknown }
      await tokens.renew()
      await until(() => incomplete(layer).length === 0)
    })
    const served = servers.log.filter(({ status }) => status === 200)
    expect(served.length).toBeGreaterThan(8)
    expect(served.filter(({ path }) => !path.startsWith('/v1/raster/'))).toEqual([])
  })

  test('zooming away aborts tiles while the cause of their failure is examined', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    servers.refusing = true
    const result = await page.evaluate(async (mode) => {
      const { L, T, map, tokens, url, until } = window
      await tokens.getToken()
      // With a header, tiles are fetched and wait here; with a query, the probe for the cause waits here.
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

  test('after a sign-out the layer starts afresh', async ({ openLeaflet }) => {
    const { page } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
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

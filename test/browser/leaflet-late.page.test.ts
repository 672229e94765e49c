import { describe, expect } from 'vitest'
import { LATE_CLASSES, LATE_NAMES } from '../support/pages/late-classes.ts'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'

const OPTIONS = { after: LATE_CLASSES }

describe.concurrent.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  test.for(LATE_NAMES)(
    'a class that sets the source %s shows every tile, with each new token',
    async (name, { openLeaflet }) => {
      const { page, servers } = await openLeaflet(version, mode, OPTIONS)
      servers.lifetime = 2000
      await page.evaluate(async (name) => {
        const { T, map, tokens, url, until, lateClasses } = window
        const layer = T.createTileLayer(lateClasses[name], url, { tokens })
        const errors: string[] = []
        layer.on('tileerror', ({ error }: { error: Error & { status?: number } }) => {
          // On a busy machine a token of 2 s can expire on its way, twice in a row.
          if (error.status !== 401) errors.push(error.message ?? error)
        })
        Object.assign(window, { layer, errors })
        layer.addTo(map)
        await until(() => !layer.isLoading() && window.failed().length === 0)
        let renewals = 0
        tokens.on('renewed', () => {
          renewals += 1
        })
        await until(() => renewals > 0)
        map.setZoom(6, { animate: false })
        await until(() => !layer.isLoading() && window.failed().length === 0)
      }, name)
      servers.lifetime = 60_000
      await page.evaluate(() => window.tokens.renew())
      servers.issuer.revokeAll()
      const result = await page.evaluate(async () => {
        const { map, layer, until, objectUrls, errors } = window as typeof window & {
          errors: string[]
        }
        map.setZoom(7, { animate: false })
        await until(() => !layer.isLoading() && window.failed().length === 0)
        layer.remove()
        return { errors, left: objectUrls.size }
      })
      expect(result).toEqual({ errors: [], left: 0 })
      expect(servers.counts.tiles).toBeGreaterThan(20)
      expect(servers.log.filter(({ token }) => !token)).toEqual([])
    },
  )

  test('a cache has a key of its own for each tile, without a token, and its tiles cost no request', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode, OPTIONS)
    const show = () =>
      page.evaluate(async () => {
        const { T, map, tokens, url, until, lateClasses, incomplete, cached } = window
        const layer = T.createTileLayer(lateClasses['after a look into its cache'], url, { tokens })
        layer.addTo(map)
        const tiles = Object.keys(layer._tiles).length
        await until(() => !layer.isLoading() && cached.size >= tiles)
        const missing = incomplete(layer)
        layer.remove()
        return { tiles, missing, keys: [...cached.keys()] }
      })
    const first = await show()
    const { tiles } = servers.counts
    servers.refusing = true
    expect(await show()).toEqual(first)
    expect(servers.counts.tiles).toBe(tiles)
    expect(first.missing).toEqual([])
    expect(first.keys).toHaveLength(first.tiles)
    expect(first.keys.filter((key) => !/\/raster\/\d+\/\d+\/\d+\.png$/.test(key))).toEqual([])
  })

  test('a tile that is dropped before its source is set costs no request and fires no event', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode, OPTIONS)
    const names = ['in a timer, as an attribute', 'with a URL made outside createTile()']
    const events = await page.evaluate(async (names) => {
      const { T, map, tokens, url, until, lateClasses } = window
      await tokens.getToken()
      const events: string[] = []
      for (const name of names) {
        const layer = T.createTileLayer(lateClasses[name], url, { tokens })
        layer.on('tileload tileerror', ({ type }: { type: string }) => events.push(type))
        layer.addTo(map)
        const images: HTMLImageElement[] = [...layer.getContainer().querySelectorAll('img')]
        let changes = 0
        for (const image of images) {
          new MutationObserver(() => {
            changes += 1
          }).observe(image, { attributes: true, attributeFilter: ['src'] })
        }
        layer.remove()
        await until(() => changes >= images.length)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      return events
    }, names)
    expect([events, servers.log]).toEqual([[], []])
  })

  test('an error of an image that a tile no longer has is no error of the tile', async ({
    openLeaflet,
  }) => {
    const { page } = await openLeaflet(version, mode)
    const result = await page.evaluate(async () => {
      const { L, T, map, tokens, url, until, incomplete } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens })
      let errors = 0
      layer.on('tileerror', () => {
        errors += 1
      })
      layer.addTo(map)
      // The tiles wait for the first token, without a source.
      const images: HTMLImageElement[] = [...layer.getContainer().querySelectorAll('img')]
      const sources = images.map((image) => image.getAttribute('src'))
      for (const image of images) image.dispatchEvent(new Event('error'))
      await until(() => !layer.isLoading())
      return { sources: [...new Set(sources)], errors, missing: incomplete(layer) }
    })
    expect(result).toEqual({ sources: [null], errors: 0, missing: [] })
  })

  test('a class whose tiles are not images with a source is refused in words, unless its URLs are public', async ({
    openLeaflet,
  }) => {
    const { page } = await openLeaflet(version, mode, OPTIONS)
    const results = await page.evaluate(async () => {
      const { L, T, map, tokens, url, openUrl } = window
      const makers: Record<string, (url: string) => HTMLElement> = {
        canvas: (url) => {
          new Image().src = url
          return document.createElement('canvas')
        },
        srcset: (url) => Object.assign(new Image(), { srcset: `${url} 1x` }),
        wrapper: (url) => {
          const wrapper = document.createElement('div')
          wrapper.append(Object.assign(new Image(), { src: url }))
          return wrapper
        },
      }
      return Object.values(makers).map((make) => {
        class Other extends L.TileLayer {
          createTile(coords: unknown) {
            return make(this.getTileUrl(coords))
          }
        }
        T.createTileLayer(Other, openUrl, { tokens }).addTo(map).remove()
        const layer = T.createTileLayer(Other, url, { tokens })
        try {
          layer.addTo(map)
          return 'shown'
        } catch (error) {
          return `${error} ${Object.hasOwn(layer, 'getTileUrl')}`
        }
      })
    })
    const refusal =
      'TypeError: withTokens() needs a class that sets <img src>, such as L.TileLayer; others need tokens.fetch() false'
    expect(results).toEqual([refusal, refusal, refusal])
  })

  test('a class that fetches the URL by itself gets an error and nothing to cache', async ({
    openLeaflet,
  }) => {
    const { page, printed } = await openLeaflet(version, mode)
    const error = await page.evaluate(async () => {
      const { L, T, map, tokens, url } = window
      class Fetching extends L.TileLayer {
        createTile(coords: unknown, done: (error: unknown) => void) {
          fetch(this.getTileUrl(coords)).then(() => done(undefined), done)
          return new Image()
        }
      }
      const layer = T.createTileLayer(Fetching, url, { tokens })
      const failed = new Promise<{ error: unknown }>((resolve) => layer.once('tileerror', resolve))
      layer.addTo(map)
      return String((await failed).error)
    })
    expect(error).toMatch(/^TypeError/)
    expect(printed.join()).toContain('URL scheme "tilepass" is not supported')
    printed.length = 0
  })
})

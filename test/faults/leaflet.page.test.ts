import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launch } from '../support/pages/chromium.ts'
import { COMBINATIONS, openLeaflet } from '../support/pages/leaflet-page.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  /** Pans for so long while `during` happens, and shows that no tile is lost in the end. */
  async function survive(
    lifetime: number,
    duration: number,
    during: (servers: Awaited<ReturnType<typeof openLeaflet>>['servers']) => Promise<void>,
    before = '',
  ) {
    const { page, printed, servers, close } = await openLeaflet(browser, version, mode, before)
    servers.lifetime = lifetime
    await page.evaluate(async () => {
      const { L, T, url, tokens, map, until } = window
      const layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
      Object.assign(window, { layer })
      await until(() => !layer.isLoading())
    })
    Object.assign(servers.counts, { exchanges: 0, tiles: 0, refused: 0 })
    const started = performance.now()
    const panning = page.evaluate(async (duration) => {
      const { map } = window
      const start = performance.now()
      for (let step = 0; performance.now() - start < duration; step += 1) {
        map.setView([40 * Math.sin(step / 7), 60 * Math.sin(step / 9)], 5, { animate: false })
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }, duration)
    await during(servers)
    await panning
    await page.evaluate(async () => {
      const { incomplete, until, layer } = window as typeof window & { layer: unknown }
      await until(() => incomplete(layer).length === 0)
    })
    expect(printed).toEqual([])
    const result = { ...servers.counts, time: performance.now() - started }
    console.info(
      `${version} ${mode}: ${result.tiles} requests, ${result.refused} × 401, ${result.exchanges} exchanges in ${Math.round(result.time)} ms`,
    )
    await close()
    return result
  }

  test('tokens of 1 s, exact to the millisecond, lose no tile', async () => {
    const { exchanges, time, tiles } = await survive(1000, 3000, async () => {})
    expect(exchanges).toBeLessThanOrEqual(time / (1000 * 0.7) + 1)
    expect(tiles).toBeGreaterThan(20)
  })

  test('a token refused in the middle of the session costs one exchange', async () => {
    const { exchanges, refused } = await survive(60_000, 1500, async (servers) => {
      await pause(300)
      servers.issuer.revokeAll()
    })
    expect(refused).toBeGreaterThan(0)
    expect(exchanges).toBe(1)
  })

  test.concurrent('tiles come back when the broker has been down for 10 s', async () => {
    const { exchanges } = await survive(2000, 2500, async (servers) => {
      servers.broker = 'fails'
      await pause(10_000)
      servers.broker = 'works'
    })
    // Backoff from 0.5 s, doubling: no storm.
    expect(exchanges).toBeLessThan(12)
  })

  test('a burst of refusals for 3 s is healed without a storm', async () => {
    const { exchanges, refused } = await survive(60_000, 2000, async (servers) => {
      servers.refusing = true
      await pause(3000)
      servers.refusing = false
    })
    expect(refused).toBeGreaterThan(0)
    expect(exchanges).toBeLessThan(12)
  })

  test.each([-600_000, 600_000])(
    'a page whose clock is %i ms wrong loses no tile',
    async (skew) => {
      const { exchanges, time, refused } = await survive(
        2000,
        3000,
        async () => {},
        `{ const now = Date.now; Date.now = () => now() + ${skew} }`,
      )
      expect(refused).toBe(0)
      expect(exchanges).toBeLessThanOrEqual(time / (2000 * 0.7) + 1)
    },
  )
})

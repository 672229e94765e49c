import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { COMBINATIONS, test as leafletTest } from '../support/pages/leaflet-test.ts'
import { resetCounts, type Servers } from '../support/pages/servers.ts'

interface Session {
  /** In ms. */
  readonly lifetime: number
  /** How long the page pans, in ms. */
  readonly duration: number
  /** Between two steps, in ms. Default: 100. */
  readonly pause?: number
  readonly during?: (servers: Servers) => Promise<void>
  /** A script that runs before the page's own. */
  readonly before?: string
}

const test = leafletTest.extend(
  'survive',
  ({ openLeaflet, annotate }) =>
    /** Pans while `during` happens, and waits until every tile is there. */
    async (
      { version, mode }: (typeof COMBINATIONS)[number],
      { lifetime, duration, pause = 100, during, before = '' }: Session,
    ) => {
      const { page, servers } = await openLeaflet(version, mode, { before })
      servers.lifetime = lifetime
      await page.evaluate(async () => {
        const { L, T, url, tokens, map, until } = window
        window.layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
        await until(() => !window.layer.isLoading())
      })
      resetCounts(servers)
      const start = performance.now()
      const pan = async ({ duration, pause }: { duration: number; pause: number }) => {
        const { map } = window
        const start = performance.now()
        for (let step = 0; performance.now() - start < duration; step += 1) {
          map.setView([40 * Math.sin(step / 7), 60 * Math.sin(step / 9)], 5, { animate: false })
          await new Promise((resolve) => setTimeout(resolve, pause))
        }
      }
      const panning = page.evaluate(pan, { duration, pause })
      await during?.(servers)
      await panning
      await page.evaluate(() => window.until(() => window.incomplete(window.layer).length === 0))
      const result = { ...servers.counts, time: performance.now() - start }
      const { tiles, refused, exchanges, time } = result
      await annotate(
        `${tiles} requests, ${refused} × 401, ${exchanges} exchanges in ${Math.round(time)} ms`,
      )
      return result
    },
)

describe.concurrent.each(COMBINATIONS)('$library, $mode', (combination) => {
  test('tokens of 1 s, exact to the millisecond, lose no tile', async ({ survive }) => {
    const session = { lifetime: 1000, duration: 3000 }
    const { exchanges, time, tiles } = await survive(combination, session)
    expect(exchanges).toBeLessThanOrEqual(time / (1000 * 0.7) + 1)
    expect(tiles).toBeGreaterThan(20)
  })

  test('a token revoked during the session costs one exchange', async ({ survive }) => {
    const { exchanges, refused } = await survive(combination, {
      lifetime: 60_000,
      duration: 1500,
      during: async (servers) => {
        await wait(300)
        servers.issuer.revokeAll()
      },
    })
    expect(refused).toBeGreaterThan(0)
    expect(exchanges).toBe(1)
  })

  test('tiles come back after the broker was down for 10 s', async ({ survive }) => {
    const { exchanges } = await survive(combination, {
      lifetime: 2000,
      duration: 2500,
      during: async (servers) => {
        servers.broker = 'fails'
        await wait(10_000)
        servers.broker = 'works'
      },
    })
    // The backoff starts at 0.5 s and doubles.
    expect(exchanges).toBeLessThan(12)
  })

  test('3 s of refusals are recovered from with few exchanges', async ({ survive }) => {
    const { exchanges, refused } = await survive(combination, {
      lifetime: 60_000,
      duration: 2000,
      during: async (servers) => {
        servers.refusing = true
        await wait(3000)
        servers.refusing = false
      },
    })
    expect(refused).toBeGreaterThan(0)
    expect(exchanges).toBeLessThan(12)
  })

  test.for([-600_000, 600_000])(
    'a page whose clock is %i ms wrong loses no tile',
    async (skew, { survive }) => {
      // Long enough that no stall of a busy machine makes a renewal late.
      const lifetime = 10_000
      const { exchanges, time, refused } = await survive(combination, {
        lifetime,
        duration: 11_000,
        pause: 500,
        before: `{ const now = Date.now; Date.now = () => now() + ${skew} }`,
      })
      expect(refused).toBe(0)
      expect(exchanges).toBeGreaterThan(0)
      expect(exchanges).toBeLessThanOrEqual(time / (lifetime * 0.7) + 1)
    },
  )
})

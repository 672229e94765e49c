import { describe, expect } from 'vitest'
import { raster, styleOf } from '../support/pages/map-styles.ts'
import { test, VERSIONS } from '../support/pages/maplibre-test.ts'
import { healed } from '../support/pages/panning.ts'
import { CORS, listRequests, type Servers, waitForQuiet } from '../support/pages/servers.ts'

/** As ArcGIS refuses a token: with status 200. */
const REFUSAL = JSON.stringify({ error: { code: 498, message: 'Invalid token.' } })

const SOURCES = {
  raster: ({ page }: Servers) => raster(page),
  vector: ({ page }: Servers) => ({
    type: 'vector',
    tiles: [`${page}/v1/vector/{z}/{x}/{y}.mvt`],
    maxzoom: 14,
  }),
}

const setUp = (servers: Servers, kind: keyof typeof SOURCES) => ({
  style: styleOf({ tiles: SOURCES[kind](servers) }),
  refusedText: '"code":498',
})

describe.concurrent.each(VERSIONS)('MapLibre %s', (version) => {
  test.for(['raster', 'vector'] as const)(
    '%s tiles that are refused with status 200 load with the next token',
    async (kind, { servers, openMap }) => {
      let refused = 0
      servers.intercept = ({ token }, response) => {
        if (servers.issuer.accepts(token)) return false
        refused += 1
        response.writeHead(200, { ...CORS, 'content-type': 'application/json' }).end(REFUSAL)
        return true
      }
      const { page, printed } = await openMap(version, setUp(servers, kind))
      await healed(page)
      const start = await page.evaluate(() => globalThis.judged)
      servers.log.length = 0
      for (const lng of [60, -60]) {
        refused = 0
        servers.issuer.revokeAll()
        await page.evaluate((lng) => globalThis.map.jumpTo({ center: [lng, 20] }), lng)
        await healed(page)
        expect(refused).toBeGreaterThan(0)
      }
      expect(servers.counts.exchanges).toBe(3)
      // From the first of them on, each answer is read, and judged once.
      const judged = await page.evaluate(() => globalThis.judged)
      expect(judged).toBeGreaterThan(start)
      expect(judged - start).toBeLessThan(servers.log.length)
      expect(printed).toEqual([])
    },
  )

  test('a tile that nobody can decode is requested twice, and costs no token', async ({
    servers,
    openMap,
  }) => {
    const { page } = await openMap(version, setUp(servers, 'raster'))
    await healed(page)
    const judged = await page.evaluate(() => globalThis.judged)
    servers.intercept = ({ path }, response) => {
      if (!/[02468]\.png$/.test(path)) return false
      response.writeHead(200, { ...CORS, 'content-type': 'image/png' }).end('no image')
      return true
    }
    servers.log.length = 0
    await page.evaluate(() => globalThis.map.jumpTo({ center: [60, 20] }))
    await waitForQuiet(servers)
    const broken = listRequests(servers, /[02468]\.png$/)
    expect(broken.length).toBe(2 * new Set(broken.map(({ path }) => path)).size)
    expect(broken.length).toBeGreaterThan(0)
    expect(servers.counts.exchanges).toBe(1)
    // What is no refusal does not put the other tiles on the slow way.
    expect(await page.evaluate(() => globalThis.judged)).toBe(judged + broken.length / 2)
  })
})

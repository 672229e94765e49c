import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { everyKind, raster, styleOf } from '../support/pages/map-styles.ts'
import { test as mapTest, VERSIONS, type Version } from '../support/pages/maplibre-test.ts'
import { healed, pan, settle } from '../support/pages/panning.ts'
import { listRequests, type Servers, waitForQuiet } from '../support/pages/servers.ts'

const test = mapTest.extend(
  'openDenied',
  ({ openMap, servers }) =>
    /** Opens a page whose style was denied, and restores the broker. */
    async (version: Version) => {
      servers.broker = 'denies'
      const opened = await openMap(version, { style: `${servers.page}/v1/style.json` })
      await opened.page.waitForFunction(() => globalThis.reported.length > 0)
      await opened.page.waitForTimeout(500)
      servers.broker = 'works'
      return opened
    },
)

const rasterStyle = ({ page }: Servers) => styleOf({ raster: raster(page) })
const waitForIdle = (page: Page) => page.waitForFunction(() => globalThis.idles > 0)

describe.concurrent.each(VERSIONS)('MapLibre %s', (version) => {
  test('visible tiles refused while panning cost one exchange and one replay each', async ({
    servers,
    openMap,
    annotate,
  }) => {
    const viewport = { width: 800, height: 600 }
    const { page, printed } = await openMap(version, { style: rasterStyle(servers) }, { viewport })
    await healed(page)
    servers.issuer.revokeAll()
    const before = servers.counts.exchanges
    servers.log.length = 0
    await pan(page, 600)
    await healed(page)
    const refused = listRequests(servers, /raster/, 401)
    const rejected = new Set(refused.map(({ token }) => token))
    // A tile that left the view needs no replay; no tile is requested twice.
    const replays = refused.filter(({ path }) =>
      listRequests(servers, /raster/, 200).some((entry) => entry.path === path),
    )
    await annotate(`${refused.length} × 401, ${replays.length} replays`)
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ path }) => path)).size).toBe(refused.length)
    expect(rejected.size).toBe(1)
    expect(servers.counts.exchanges - before).toBe(1)
    expect(printed).toEqual([])
  })

  test('sixteen visible tiles refused at once cost one exchange and sixteen replays', async ({
    servers,
    openMap,
  }) => {
    // Four by four tiles of 256 pixels around a corner.
    const setup = {
      style: rasterStyle(servers),
      map: { center: [0, 0], zoom: 3, pixelRatio: 1 },
    }
    const viewport = { width: 1000, height: 1000 }
    const { page, printed } = await openMap(version, setup, { viewport })
    await healed(page)
    servers.issuer.revokeAll()
    servers.log.length = 0
    const before = servers.counts.exchanges
    await page.evaluate(() => {
      // The views on the way are never drawn; the last view shows sixteen other tiles.
      for (const lng of [20, 45, 70, 90]) globalThis.map.jumpTo({ center: [lng, 0] })
    })
    await healed(page)
    const refused = listRequests(servers, /raster/, 401)
    expect([...new Set(refused.map(({ path }) => path))].sort()).toHaveLength(16)
    expect(refused.length).toBe(16)
    expect(listRequests(servers, /raster/, 200).length).toBe(16)
    expect(servers.counts.exchanges - before).toBe(1)
    expect(printed).toEqual([])
  })

  test('the map is not idle while it waits for a token', async ({ servers, openMap }) => {
    const { page } = await openMap(version, { style: rasterStyle(servers) })
    await healed(page)
    await waitForIdle(page)
    servers.issuer.revokeAll()
    servers.broker = 'fails'
    await page.evaluate(() => {
      globalThis.map.jumpTo({ center: [60, 20] })
      globalThis.idles = 0
    })
    await page.waitForTimeout(1500)
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(await page.evaluate(() => globalThis.idles)).toBe(0)
    servers.broker = 'works'
    await waitForIdle(page)
    expect(await page.evaluate(() => globalThis.failed())).toEqual([])
  })

  test('a source that no token opens is given up, reported, and harms no other source', async ({
    servers,
    openMap,
    annotate,
  }) => {
    servers.refuse = (path) => (path.includes('closed') ? 401 : undefined)
    const { page, printed } = await openMap(version, {
      style: styleOf({ raster: raster(servers.page), closed: raster(servers.page, 'closed') }),
    })
    await waitForQuiet(servers)
    await page.evaluate(() => globalThis.map.jumpTo({ center: [60, 20] }))
    await waitForQuiet(servers)
    await settle(page)
    const closed = listRequests(servers, /closed/)
    const tiles = new Set(closed.map(({ path }) => path)).size
    const { exchanges } = servers.counts
    await annotate(`${closed.length} requests for ${tiles} closed tiles, ${exchanges} exchanges`)
    expect(closed.length).toBeLessThanOrEqual(tiles * 7)
    expect(exchanges).toBeLessThanOrEqual(8)
    await eventually(async () => {
      const failed = await page.evaluate(() => globalThis.failed())
      expect(failed.filter((tile) => !tile.startsWith('closed'))).toEqual([])
    })
    expect(printed.join()).toContain('401')
    expect(printed.join()).not.toContain('canary')
  })

  test('a status other than 401 can reject the token', async ({ servers, openMap }) => {
    servers.refuse = () => (servers.counts.exchanges < 2 ? 403 : undefined)
    const setup = { style: everyKind(servers.page), refusedBy: 403 }
    const { page, printed } = await openMap(version, setup)
    await healed(page)
    await page.waitForFunction(() => globalThis.map.hasImage('dot'))
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(printed).toEqual([])
  })

  test('a style that was denied loads, with its resources, once access is granted', async ({
    servers,
    openDenied,
  }) => {
    const { page } = await openDenied(version)
    await page.evaluate(() => globalThis.managers[0].renew())
    await page.waitForFunction(() => globalThis.map.isStyleLoaded())
    expect(listRequests(servers, /style\.json/, 200).length).toBeGreaterThan(0)
  })

  test.for([true, false])(
    'a style that the application sets meanwhile stays, with diff: %s',
    async (diff, { servers, openDenied }) => {
      const { page } = await openDenied(version)
      const layers = [{ id: 'next', type: 'background' }]
      servers.files['/v1/next.json'] = Buffer.from(JSON.stringify({ ...styleOf({}), layers }))
      await page.evaluate((diff) => {
        void globalThis.managers[0].renew()
        globalThis.map.setStyle('/v1/next.json', { diff })
      }, diff)
      await page.waitForFunction(() => globalThis.map.isStyleLoaded())
      await waitForQuiet(servers)
      expect(await page.evaluate(() => !!globalThis.map.getLayer('next'))).toBe(true)
    },
  )

  test('a map whose style is removed while requests wait goes on without an exception', async ({
    servers,
    openMap,
  }) => {
    servers.broker = 'denies'
    const { page, printed } = await openMap(version, { style: everyKind(servers.page) })
    await page.waitForFunction(() => globalThis.reported.length > 0)
    await waitForQuiet(servers)
    printed.length = 0
    await page.evaluate(() => globalThis.map.setStyle(null))
    servers.broker = 'works'
    await page.evaluate(() => globalThis.managers[0].renew())
    await waitForQuiet(servers)
    expect(printed).toEqual([])
  })

  test('two maps can share an authorizer with a manager for each of two sources', async ({
    servers,
    openMap,
  }) => {
    const style = styleOf({
      north: raster(servers.page, 'north'),
      south: raster(servers.page, 'south'),
    })
    const setup = { style, allow: [['/v1/north/'], ['/v1/south/']] }
    const { page, printed } = await openMap(version, setup)
    await page.evaluate((style) => {
      const element = document.createElement('div')
      element.style.cssText = 'position:absolute;inset:50% 0 0 50%'
      document.body.append(element)
      // The given style: the first map may not have loaded it yet.
      globalThis.addMap({ style }, element)
    }, style)
    await healed(page)
    expect(servers.counts.exchanges).toBe(2)
    const tokensOf = (path: RegExp) =>
      new Set(listRequests(servers, path, 200).map(({ token }) => token))
    expect(tokensOf(/north/).size).toBe(1)
    expect(tokensOf(/south/).size).toBe(1)
    expect([...tokensOf(/north/)][0]).not.toBe([...tokensOf(/south/)][0])
    servers.issuer.revokeAll()
    await pan(page, 500)
    await healed(page)
    await page.evaluate(() => globalThis.maps.pop().remove())
    await pan(page, 300)
    await healed(page)
    expect(servers.counts.exchanges).toBe(4)
    expect(printed).toEqual([])
  })

  test('a removed map leaves no listener on its managers', async ({ servers, openMap }) => {
    const { page, printed } = await openMap(version, { style: rasterStyle(servers) })
    await healed(page)
    servers.lifetime = 1000
    const listeners = await page.evaluate(async () => {
      const before = globalThis.listeners
      globalThis.map.remove()
      globalThis.maps.length = 0
      await globalThis.managers[0].renew()
      return [before, globalThis.listeners]
    })
    expect(listeners).toEqual([1, 0])
    await page.waitForTimeout(300)
    expect(printed).toEqual([])
  })
})

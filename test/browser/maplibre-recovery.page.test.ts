import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launch, openPage, pan } from '../support/pages/chromium.ts'
import {
  everyKind,
  healed,
  mapPages,
  openMap,
  raster,
  reset,
  type Setup,
  styleOf,
  VERSIONS,
  type Version,
} from '../support/pages/maplibre-page.ts'
import { type Servers, startServers } from '../support/pages/servers.ts'

let browser: Browser
let servers: Servers
let opened: Page | undefined

beforeAll(async () => {
  browser = await launch()
  servers = await startServers(mapPages)
})
afterEach(async () => {
  await opened?.close()
})
afterAll(async () => {
  await browser?.close()
  await servers?.close()
})

/** @param state What the servers do from the first request on. */
async function open(version: Version, setup: Setup, state: Partial<Servers> = {}) {
  reset(servers)
  Object.assign(servers, state)
  const watched = await openMap(browser, servers, version, setup)
  opened = watched.page
  return watched
}

/** A page whose style was denied, before a broker that works by now. */
async function openDenied(version: Version) {
  const style = `${servers.page}/v1/style.json`
  const watched = await open(version, { style }, { broker: 'denies' })
  await watched.page.waitForFunction(() => globalThis.reported.length > 0)
  await pause(watched.page, 500)
  servers.broker = 'works'
  return watched
}

const requests = (path: RegExp, status?: number) =>
  servers.log.filter(
    (entry) => path.test(entry.path) && (status === undefined || entry.status === status),
  )
const pause = (page: Page, ms: number) => page.waitForTimeout(ms)

/** Waits until no request has come for 4 s. */
async function quiet(page: Page): Promise<void> {
  for (let seen = -1; seen !== servers.log.length; ) {
    seen = servers.log.length
    await pause(page, 4000)
  }
}

describe.each(VERSIONS)('MapLibre %s', (version) => {
  test('the visible tiles revoked while panning cost one exchange and one replay each', async () => {
    const { page, printed } = await open(version, {
      style: styleOf({ raster: raster(servers.page) }),
    })
    await healed(page)
    servers.issuer.revokeAll()
    const before = servers.counts.exchanges
    servers.log.length = 0
    await pan(page, 600)
    await healed(page)
    const refused = requests(/raster/, 401)
    const rejected = new Set(refused.map(({ token }) => token))
    // A tile that left the view needs no replay; none is asked for twice.
    const replays = refused.filter(
      ({ path }) => requests(/raster/, 200).filter((entry) => entry.path === path).length > 0,
    )
    console.info(
      `MapLibre ${version}: ${refused.length} × 401, ${replays.length} replays, ${servers.counts.exchanges - before} exchange`,
    )
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ path }) => path)).size).toBe(refused.length)
    expect(rejected.size).toBe(1)
    expect(servers.counts.exchanges - before).toBe(1)
    expect(printed).toEqual([])
  })

  test('sixteen visible tiles that are refused at once cost one exchange and sixteen replays', async () => {
    reset(servers)
    const { page, printed } = await openPage(browser, `${servers.page}/maplibre-${version}`)
    opened = page
    await page.setViewportSize({ width: 1000, height: 1000 })
    await page.waitForFunction(() => globalThis.start !== undefined)
    // Four by four tiles of 256 pixels around a corner.
    const setup = {
      style: styleOf({ raster: raster(servers.page) }),
      map: { center: [0, 0], zoom: 3, pixelRatio: 1 },
    }
    await page.evaluate((setup) => globalThis.start(setup), setup)
    await healed(page)
    servers.issuer.revokeAll()
    servers.log.length = 0
    const before = servers.counts.exchanges
    await page.evaluate(() => {
      // On the way there nothing is drawn; the last view is that of sixteen other tiles.
      for (const lng of [20, 45, 70, 90]) globalThis.map.jumpTo({ center: [lng, 0] })
    })
    await healed(page)
    const seen = new Set(requests(/raster/, 401).map(({ path }) => path))
    expect([...seen].sort()).toHaveLength(16)
    expect(requests(/raster/, 401).length).toBe(16)
    expect(requests(/raster/, 200).length).toBe(16)
    expect(servers.counts.exchanges - before).toBe(1)
    expect(printed).toEqual([])
  })

  test('the map is not idle while a token is awaited', async () => {
    const { page } = await open(version, { style: styleOf({ raster: raster(servers.page) }) })
    await healed(page)
    await page.waitForFunction(() => globalThis.idles > 0)
    servers.issuer.revokeAll()
    servers.broker = 'fails'
    await page.evaluate(() => {
      globalThis.map.jumpTo({ center: [60, 20] })
      globalThis.idles = 0
    })
    await pause(page, 1500)
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(await page.evaluate(() => globalThis.idles)).toBe(0)
    servers.broker = 'works'
    await page.waitForFunction(() => globalThis.idles > 0)
    expect(await page.evaluate(() => globalThis.failed())).toEqual([])
  })

  test('a source that the token never opens is left, reported, and takes nothing from the others', async () => {
    const { page, printed } = await open(
      version,
      { style: styleOf({ raster: raster(servers.page), closed: raster(servers.page, 'closed') }) },
      { refuse: (path) => (path.includes('closed') ? 401 : undefined) },
    )
    await quiet(page)
    await page.evaluate(() => globalThis.map.jumpTo({ center: [60, 20] }))
    await quiet(page)
    await page.waitForFunction(() => globalThis.settled())
    const count = requests(/closed/).length
    const tiles = new Set(requests(/closed/).map(({ path }) => path)).size
    const { exchanges } = servers.counts
    console.info(
      `MapLibre ${version}: ${count} requests for ${tiles} closed tiles, ${exchanges} exchanges`,
    )
    expect(count).toBeLessThanOrEqual(tiles * 7)
    expect(exchanges).toBeLessThanOrEqual(8)
    const failed = await page.evaluate(() => globalThis.failed())
    expect(failed.filter((tile) => !tile.startsWith('closed'))).toEqual([])
    expect(printed.join()).toContain('401')
    expect(printed.join()).not.toContain('canary')
  })

  test('another status can mean that the token is no good', async () => {
    const { page, printed } = await open(
      version,
      { style: everyKind(servers.page), refusedBy: 403 },
      { refuse: () => (servers.counts.exchanges < 2 ? 403 : undefined) },
    )
    await healed(page)
    await page.waitForFunction(() => globalThis.map.hasImage('dot'))
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(printed).toEqual([])
  })

  test('no token in the style, and none in errors, where it travels in the query', async () => {
    const { page } = await open(version, {
      style: everyKind(servers.page),
      allow: [[{ prefix: '/v1/', attach: { query: 'ticket' } }]],
      listen: true,
    })
    // The server knows no ticket, so everything is refused.
    await page.waitForFunction(() => globalThis.heard.length > 5)
    const { style, heard } = await page.evaluate(() => ({
      style: JSON.stringify(globalThis.map.getStyle()),
      heard: globalThis.heard,
    }))
    expect(style).not.toContain('canary')
    expect(heard.length).toBeGreaterThan(0)
    expect(JSON.stringify(heard)).not.toContain('canary')
  })

  test('a host that no rule names never sees a token', async () => {
    const { page } = await open(version, {
      style: {
        ...styleOf({
          raster: raster(servers.page),
          basemap: raster(servers.stranger),
          vector: { type: 'vector', tiles: [`${servers.stranger}/v1/{z}/{x}/{y}.mvt`] } as {
            type: string
          },
          json: { type: 'geojson', data: `${servers.stranger}/v1/data.geojson` } as {
            type: string
          },
        }),
        sprite: `${servers.stranger}/v1/sprite`,
      },
      listen: true,
    })
    await page.waitForFunction(() => globalThis.settled())
    servers.issuer.revokeAll()
    await pan(page, 500)
    await page.waitForFunction(() => globalThis.settled())
    expect(requests(/raster/, 200).length).toBeGreaterThan(0)
    expect(servers.counts.leaked).toEqual([])
  })

  test('a refusal beside the list says so, and what is not ours is printed as ever', async () => {
    const { page, printed } = await open(version, {
      style: styleOf({
        dem: { ...raster(servers.page, 'dem'), type: 'raster-dem' },
        json: { type: 'geojson', data: `${servers.page}/v1/missing/data.geojson` } as {
          type: string
        },
      }),
      allow: [['/v1/raster/']],
    })
    await page.waitForFunction(() => globalThis.reported.length > 0)
    expect((await page.evaluate(() => globalThis.reported)).map(({ code }) => code)).toEqual([
      'ERR_URL_NOT_ALLOWED',
    ])
    await page.waitForFunction(() => globalThis.settled())
    expect(printed.length).toBeGreaterThan(0)
    printed.length = 0
    await page.evaluate(() => {
      globalThis.map.on('error', () => {})
      globalThis.map.jumpTo({ center: [60, 20] })
    })
    await page.waitForFunction(() => globalThis.settled())
    expect(printed).toEqual([])
  })

  test('an access that is granted later loads the style, and all that follows', async () => {
    const { page } = await openDenied(version)
    await page.evaluate(() => globalThis.managers[0].renew())
    await page.waitForFunction(() => globalThis.map.isStyleLoaded())
    expect(requests(/style\.json/, 200).length).toBeGreaterThan(0)
  })

  test.each([true, false])(
    'a style that the application sets meanwhile stays, with diff: %s',
    async (diff) => {
      const { page } = await openDenied(version)
      const layers = [{ id: 'next', type: 'background' }]
      servers.files['/v1/next.json'] = Buffer.from(JSON.stringify({ ...styleOf({}), layers }))
      await page.evaluate((diff) => {
        void globalThis.managers[0].renew()
        globalThis.map.setStyle('/v1/next.json', { diff })
      }, diff)
      await page.waitForFunction(() => globalThis.map.isStyleLoaded())
      await quiet(page)
      expect(await page.evaluate(() => !!globalThis.map.getLayer('next'))).toBe(true)
    },
  )

  test('two maps with one authorizer, and a manager for each half of the tiles', async () => {
    const style = styleOf({
      north: raster(servers.page, 'north'),
      south: raster(servers.page, 'south'),
    })
    const { page, printed } = await open(version, {
      style,
      allow: [['/v1/north/'], ['/v1/south/']],
    })
    await page.evaluate((style) => {
      const element = document.createElement('div')
      element.style.cssText = 'position:absolute;inset:50% 0 0 50%'
      document.body.append(element)
      const add = (globalThis as unknown as { addMap: (setup: object, element: Element) => void })
        .addMap
      // The style as given: the first map may not have taken it up yet.
      add({ style }, element)
    }, style)
    await healed(page)
    expect(servers.counts.exchanges).toBe(2)
    const tokens = (path: RegExp) => new Set(requests(path, 200).map(({ token }) => token))
    expect(tokens(/north/).size).toBe(1)
    expect(tokens(/south/).size).toBe(1)
    expect([...tokens(/north/)][0]).not.toBe([...tokens(/south/)][0])
    servers.issuer.revokeAll()
    await pan(page, 500)
    await healed(page)
    await page.evaluate(() => globalThis.maps.pop().remove())
    await pan(page, 300)
    await healed(page)
    expect(servers.counts.exchanges).toBe(4)
    expect(printed).toEqual([])
  })

  test('a removed map leaves no listener on its managers', async () => {
    const { page, printed } = await open(version, {
      style: styleOf({ raster: raster(servers.page) }),
    })
    await healed(page)
    servers.lifetime = 1000
    await page.evaluate(() => {
      globalThis.map.remove()
      globalThis.maps.length = 0
    })
    await pause(page, 300)
    expect(printed).toEqual([])
  })

  test('a video without a token is an error of the map, nothing uncaught', async () => {
    const { page, printed } = await open(version, {
      style: styleOf({
        video: {
          type: 'video',
          urls: [`${servers.page}/v1/video.mp4`],
          coordinates: [
            [0, 60],
            [20, 60],
            [20, 40],
            [0, 40],
          ],
        } as { type: string },
      }),
      listen: true,
    })
    await page.waitForFunction(() => globalThis.heard.length > 0)
    expect((await page.evaluate(() => globalThis.heard))[0]?.message).toContain('video')
    expect(printed).toEqual([])
  })
})

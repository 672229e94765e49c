import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launch, pan, type Watched } from '../support/pages/chromium.ts'
import {
  everyKind,
  healed,
  mapPages,
  openMap,
  reset,
  VERSIONS,
} from '../support/pages/maplibre-page.ts'
import { type Servers, startServers } from '../support/pages/servers.ts'

const KINDS = {
  vector: /\/vector\//,
  raster: /\/raster\//,
  'raster-dem': /\/dem\//,
  glyphs: /\/glyphs\//,
  sprite: /\/sprite(?:@2x)?\.(?:json|png)$/,
  TileJSON: /\/tiles\.json$/,
  GeoJSON: /\.geojson$/,
  image: /\/image\.png$/,
}

let browser: Browser
let servers: Servers
let open: Page | undefined

beforeAll(async () => {
  browser = await launch()
  servers = await startServers(mapPages)
})
afterEach(async () => {
  await open?.close()
})
afterAll(async () => {
  await browser?.close()
  await servers?.close()
})

/** Everything that can be lost, seen in the map itself. */
const present = (page: Page) =>
  page.evaluate(() => ({
    failed: globalThis.failed(),
    sources: ['raster', 'vector', 'dem', 'json', 'image'].filter(
      (id) => !globalThis.map.isSourceLoaded(id),
    ),
    sprite: globalThis.map.hasImage('dot'),
  }))

/** Each kind was served, nothing is missing, and nobody saw an error. */
async function expectAll({ page, printed }: Watched, title: string): Promise<void> {
  await healed(page)
  await page.waitForFunction(() => globalThis.map.hasImage('dot'))
  expect(await present(page)).toEqual({ failed: [], sources: [], sprite: true })
  const served = Object.entries(KINDS).map(([kind, path]) => {
    const ours = servers.log.filter((entry) => path.test(entry.path))
    const refused = ours.filter(({ status }) => status === 401).length
    return { kind, served: ours.length - refused, refused }
  })
  const { exchanges, refused } = servers.counts
  console.info(
    `${title}: ${exchanges} exchanges, ${refused} × 401 (${served.map(({ kind, served, refused }) => `${kind} ${served}/${refused}`).join(', ')})`,
  )
  for (const { kind, served: count } of served) expect(count, kind).toBeGreaterThan(0)
  expect(printed).toEqual([])
}

const skew = (ms: number) => `{
  const Real = Date
  Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + ${ms}) }
    static now() { return Real.now() + ${ms} }
  }
}`

describe.each(VERSIONS)('MapLibre %s, every kind of resource', (version) => {
  const start = async (setup: object = {}, init?: string) => {
    const watched = await openMap(
      browser,
      servers,
      version,
      { style: everyKind(servers.page), ...setup },
      init,
    )
    open = watched.page
    return watched
  }

  test('tokens of 1 s, exact to the millisecond, lose nothing', async () => {
    reset(servers)
    servers.lifetime = 1000
    const watched = await start()
    await pan(watched.page, 3000)
    await expectAll(watched, `MapLibre ${version}, 1 s tokens`)
    expect(servers.counts.exchanges).toBeGreaterThan(2)
  })

  test('a token refused in mid-session costs one exchange', async () => {
    reset(servers)
    const watched = await start()
    await healed(watched.page)
    const before = servers.counts.exchanges
    servers.issuer.revokeAll()
    await pan(watched.page, 1000)
    await expectAll(watched, `MapLibre ${version}, refused`)
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(servers.counts.exchanges - before).toBe(1)
  })

  test('a broker that is down for the first 10 s delays everything and loses nothing', async () => {
    reset(servers)
    servers.broker = 'fails'
    const watched = await start()
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    servers.broker = 'works'
    await expectAll(watched, `MapLibre ${version}, broker down`)
  })

  test('a broker that is down for longer than requests wait loses nothing either', async () => {
    reset(servers)
    servers.lifetime = 1000
    servers.broker = 'fails'
    const watched = await start({ waitLimit: 500 })
    await new Promise((resolve) => setTimeout(resolve, 2000))
    servers.broker = 'works'
    await expectAll(watched, `MapLibre ${version}, nothing within waitLimit`)
    servers.broker = 'fails'
    await pan(watched.page, 2500)
    servers.broker = 'works'
    await expectAll(watched, `MapLibre ${version}, down again`)
  })

  test('a server that refuses every token for 2 s is asked until it is well', async () => {
    reset(servers)
    const watched = await start()
    await healed(watched.page)
    servers.refuse = () => 401
    await pan(watched.page, 2000)
    servers.refuse = undefined
    await healed(watched.page)
    expect(servers.counts.refused).toBeGreaterThan(5)
    // What a server refuses twice is reported.
    watched.printed.length = 0
    await expectAll(watched, `MapLibre ${version}, 401 burst`)
  })

  test.each([
    [600_000, 'fast'],
    [-600_000, 'slow'],
  ])('a page clock that is %d ms wrong changes nothing', async (ms) => {
    reset(servers)
    servers.lifetime = 1000
    const watched = await start({}, skew(ms))
    await pan(watched.page, 1500)
    await expectAll(watched, `MapLibre ${version}, clock ${ms / 60_000} min`)
  })
})

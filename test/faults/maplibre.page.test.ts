import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { everyKind } from '../support/pages/map-styles.ts'
import { test as mapTest, VERSIONS, type Version } from '../support/pages/maplibre-test.ts'
import type { OpenedPage } from '../support/pages/page-test.ts'
import { healed, pan } from '../support/pages/panning.ts'

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

/** Everything of the style that can be missing, as the map itself sees it. */
const findMissing = (page: Page) =>
  page.evaluate(() => ({
    failed: globalThis.failed(),
    sources: ['raster', 'vector', 'dem', 'json', 'image'].filter(
      (id) => !globalThis.map.isSourceLoaded(id),
    ),
    hasSprite: globalThis.map.hasImage('dot'),
  }))

const test = mapTest
  .extend(
    'start',
    ({ openMap, servers }) =>
      (version: Version, setup: { waitLimit?: number } = {}, init = '') =>
        openMap(version, { style: everyKind(servers.page), ...setup }, { init }),
  )
  .extend(
    'expectComplete',
    ({ servers, annotate }) =>
      /** Expects that each kind of resource was served, nothing is missing and no error was printed. */
      async ({ page, printed }: OpenedPage) => {
        await healed(page)
        await page.waitForFunction(() => globalThis.map.hasImage('dot'))
        expect(await findMissing(page)).toEqual({ failed: [], sources: [], hasSprite: true })
        const answers = Object.entries(KINDS).map(([kind, path]) => {
          const all = servers.log.filter((entry) => path.test(entry.path))
          const refused = all.filter(({ status }) => status === 401).length
          return { kind, served: all.length - refused, refused }
        })
        const list = answers.map(({ kind, served, refused }) => `${kind} ${served}/${refused}`)
        await annotate(`${servers.counts.exchanges} exchanges; served/401: ${list.join(', ')}`)
        for (const { kind, served } of answers) expect(served, kind).toBeGreaterThan(0)
        expect(printed).toEqual([])
      },
  )

const skew = (ms: number) => `{
  const Real = Date
  Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + ${ms}) }
    static now() { return Real.now() + ${ms} }
  }
}`

describe.concurrent.each(VERSIONS)('MapLibre %s, with every kind of resource', (version) => {
  test('tokens of 1 s, exact to the millisecond, lose nothing', async ({
    servers,
    start,
    expectComplete,
  }) => {
    servers.lifetime = 1000
    const opened = await start(version)
    await pan(opened.page, 3000)
    await expectComplete(opened)
    expect(servers.counts.exchanges).toBeGreaterThan(2)
  })

  test('a token revoked during the session costs one exchange', async ({
    servers,
    start,
    expectComplete,
  }) => {
    const opened = await start(version)
    await healed(opened.page)
    const before = servers.counts.exchanges
    servers.issuer.revokeAll()
    await pan(opened.page, 1000)
    await expectComplete(opened)
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(servers.counts.exchanges - before).toBe(1)
  })

  test('a broker that is down for the first 10 s delays everything and loses nothing', async ({
    servers,
    start,
    expectComplete,
  }) => {
    servers.broker = 'fails'
    const opened = await start(version)
    await opened.page.waitForTimeout(10_000)
    servers.broker = 'works'
    await expectComplete(opened)
  })

  test('a broker that is down for longer than "waitLimit" loses nothing', async ({
    servers,
    start,
    expectComplete,
  }) => {
    servers.lifetime = 1000
    servers.broker = 'fails'
    const opened = await start(version, { waitLimit: 500 })
    await opened.page.waitForTimeout(2000)
    servers.broker = 'works'
    await expectComplete(opened)
    servers.broker = 'fails'
    await pan(opened.page, 2500)
    servers.broker = 'works'
    await expectComplete(opened)
  })

  test('a server that refuses every token for 2 s is asked until it recovers', async ({
    servers,
    start,
    expectComplete,
  }) => {
    const opened = await start(version)
    await healed(opened.page)
    servers.refuse = () => 401
    await pan(opened.page, 2000)
    servers.refuse = undefined
    await healed(opened.page)
    expect(servers.counts.refused).toBeGreaterThan(5)
    // What a server refuses twice is printed.
    opened.printed.length = 0
    await expectComplete(opened)
  })

  test.for([
    [600_000, 'fast'],
    [-600_000, 'slow'],
  ] as const)(
    'a page clock that is %d ms %s changes nothing',
    async ([ms], { servers, start, expectComplete }) => {
      servers.lifetime = 1000
      const opened = await start(version, {}, skew(ms))
      await pan(opened.page, 1500)
      await expectComplete(opened)
    },
  )
})

// @ts-check
import { inNewPage, startBrowser } from '../support/bench/browser.mjs'
import { measureInRounds, median, toDifference } from '../support/bench/compare.mjs'
import { toLeafletPage, toMapLibrePage, toStyle } from '../support/bench/map-pages.mjs'
import { json, startMapSite } from '../support/bench/map-site.mjs'

// What the token costs until the first tile is there, in a browser that knows nothing of the page.

export const title = 'In the page'

/** What is added to each answer, in ms. */
const LATENCY = 100

/** @param {string} body */
const html = (body) => ({ type: 'text/html', body })

/** Each page with the plugin, and its twin with a static token. */
const PAGES = {
  'MapLibre 6, public style': {
    plugin: toMapLibrePage('/style.json', 'plugin'),
    twin: toMapLibrePage('/style.json', 'static'),
  },
  'MapLibre 6, style in the page': {
    plugin: toMapLibrePage(inlineStyle(), 'plugin'),
    twin: toMapLibrePage(inlineStyle(), 'static'),
  },
  'MapLibre 6, private style': {
    plugin: toMapLibrePage('/v1/style.json', 'plugin'),
    twin: toMapLibrePage('/v1/style.json', 'static'),
  },
  'Leaflet 1.9, header': {
    plugin: toLeafletPage('header', 'plugin'),
    twin: toLeafletPage('header', 'static'),
  },
  'Leaflet 1.9, query': {
    plugin: toLeafletPage('query', 'plugin'),
    twin: toLeafletPage('query', 'static'),
  },
}

function inlineStyle() {
  return toStyle({ raster: { type: 'raster', tiles: ['/v1/{z}/{x}/{y}.png'], tileSize: 256 } })
}

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const browser = await startBrowser()
  if (!browser) return []
  const style = json(toStyle({ vector: { type: 'vector', url: '/v1/tiles.json' } }))
  const names = Object.keys(PAGES)
  const site = await startMapSite(
    {
      '/style.json': style,
      '/v1/style.json': style,
      '/v1/tiles.json': json({ tilejson: '3.0.0', tiles: ['/v1/{z}/{x}/{y}.mvt'], maxzoom: 14 }),
      ...Object.fromEntries(
        Object.values(PAGES).flatMap(({ plugin, twin }, index) => [
          [`/${index}/plugin`, html(plugin)],
          [`/${index}/twin`, html(twin)],
        ]),
      ),
    },
    { latency: LATENCY },
  )
  /** How long the requests for a token took, in ms. @type {number[]} */
  let roundTrips = []
  /** @param {string} path */
  const toSubject = (path) => () =>
    inNewPage(browser, async (page) => {
      await page.goto(site.url + path)
      const first = await page.waitForFunction('window.firstTile')
      const asked = await page.evaluate(
        `performance.getEntriesByName(new URL('/map-token', location).href).map(({ duration }) => duration)`,
      )
      roundTrips.push(.../** @type {number[]} */ (asked))
      return Number(await first.jsonValue())
    })
  const rows = []
  try {
    for (const [index, name] of names.entries()) {
      roundTrips = []
      const get = await measureInRounds(
        { plugin: toSubject(`/${index}/plugin`), twin: toSubject(`/${index}/twin`) },
        { rounds: quick ? 1 : 11, count: 1 },
      )
      const show = (/** @type {string} */ kind) => `(${median(get(kind)).toFixed(0)} ms)`
      const roundTrip = median(roundTrips)
      rows.push({
        name: `first tile, ${name} ${show('plugin')}`,
        against: `with a static token ${show('twin')}; round trips more, of ${roundTrip.toFixed(0)} ms`,
        ...toDifference(get('plugin'), get('twin'), roundTrip),
        limit: 1,
      })
    }
    return rows
  } finally {
    await browser.close()
    site.close()
  }
}

// @ts-check
import { inNewPage, startBrowser } from '../support/bench/browser.mjs'
import { measureInRounds, toDifference } from '../support/bench/compare.mjs'
import { toMapLibrePage, toStyle } from '../support/bench/map-pages.mjs'
import { startMapSite } from '../support/bench/map-site.mjs'

// Whether renewals block a page whose map loads tiles all the time. A task of more than 50 ms is a long one.

export const title = 'In the page'

/** How far renewals are apart, in ms. */
const INTERVAL = 500

const STYLE = toStyle({
  raster: { type: 'raster', tiles: ['/v1/{z}/{x}/{y}.png'], tileSize: 256 },
  vector: { type: 'vector', tiles: ['/v1/{z}/{x}/{y}.mvt'] },
})

/** Moves the map for a fixed time, renews the token meanwhile, and tells how long the long tasks were. */
const RUN = `async ({ count, interval, renews }) => {
  const tasks = []
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()))
  observer.observe({ type: 'longtask' })
  let step = 0
  const panning = setInterval(() => {
    step += 1
    map.jumpTo({ center: [10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7)], zoom: 3.5 + 1.5 * Math.sin(step / 5) })
  }, 100)
  const end = performance.now() + count * interval
  while (performance.now() < end) {
    // Not awaited: a renewal that is slow must not make the time longer.
    if (renews) tokens.renew()
    await new Promise((resolve) => setTimeout(resolve, interval))
  }
  clearInterval(panning)
  tasks.push(...observer.takeRecords())
  observer.disconnect()
  return tasks.map(({ duration }) => duration)
}`

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const browser = await startBrowser()
  if (!browser) return []
  const site = await startMapSite({
    '/': { type: 'text/html', body: toMapLibrePage(STYLE, 'plugin') },
  })
  /** @type {Record<'renewed' | 'control', number[]>} Durations of long tasks, in ms, also of the first round. */
  const tasks = { renewed: [], control: [] }
  /** @param {'renewed' | 'control'} kind */
  const toSubject = (kind) => (/** @type {number} */ count) =>
    inNewPage(browser, async (page) => {
      await page.goto(`${site.url}/`)
      await page.waitForFunction('window.firstTile')
      await page.waitForFunction('map.loaded()')
      const options = JSON.stringify({ count, interval: INTERVAL, renews: kind === 'renewed' })
      const found = /** @type {number[]} */ (await page.evaluate(`(${RUN})(${options})`))
      tasks[kind].push(...found)
      return found.length
    })
  try {
    const [rounds, count] = quick ? [1, 2] : [6, 20]
    const get = await measureInRounds(
      { renewed: toSubject('renewed'), control: toSubject('control') },
      { rounds, count },
    )
    const show = (/** @type {number[]} */ all) =>
      all.length === 0
        ? 'no long task'
        : `${all.length} long tasks, the longest ${Math.max(...all).toFixed(0)} ms`
    return [
      {
        name: `a moving map while its token is renewed ${site.counts.exchanges - 2 * (rounds + 1)} times: ${show(tasks.renewed)}`,
        against: `without renewals: ${show(tasks.control)}; more for each renewal`,
        ...toDifference(get('renewed'), get('control'), count),
        limit: 0,
      },
    ]
  } finally {
    await browser.close()
    site.close()
  }
}

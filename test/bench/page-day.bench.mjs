// @ts-check
import { inNewPage, startBrowser } from '../support/bench/browser.mjs'
import { toLeafletPage } from '../support/bench/map-pages.mjs'
import { startMapSite } from '../support/bench/map-site.mjs'

// A page that stays open for a day: its clock is set forward, its tiles and tokens come from a server.

export const title = 'In the page'

const HOUR = 3600
/** `expires_in` of the tokens, in seconds. */
const LIFETIME = 300
/** The earliest renewal: a margin of 20 %, and 10 % of jitter. */
const EARLIEST = 0.7 * LIFETIME

/** Knows the timers that have been set and neither fired nor were cleared, and when the next one is due. */
const WATCH_TIMERS = `{
  const { setTimeout, clearTimeout } = window
  window.timers = new Map()
  window.setTimeout = (callback, delay = 0) => {
    const timer = setTimeout(() => { timers.delete(timer); callback() }, delay)
    timers.set(timer, Date.now() + delay)
    return timer
  }
  window.clearTimeout = (timer) => { timers.delete(timer); clearTimeout(timer) }
  window.untilNextTimer = () => Math.max(0, Math.min(...timers.values()) - Date.now())
}`

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const browser = await startBrowser()
  if (!browser) return []
  const hours = quick ? 2 : 24
  const pages = Object.fromEntries(
    /** @type {const} */ (['plugin', 'static']).map((kind) => [
      `/${kind}`,
      { type: 'text/html', body: toLeafletPage('header', kind) },
    ]),
  )
  const site = await startMapSite(pages, { lifetime: LIFETIME })
  try {
    const peer = await spendDay(browser, `${site.url}/static`, hours)
    if (site.counts.exchanges > 0) throw new Error('The page with a static token asked for one')
    site.counts.tiles = 0
    const { first, last, age } = await spendDay(browser, `${site.url}/plugin`, hours)
    const { exchanges, tiles, refused } = site.counts
    if (refused > 0) throw new Error(`${refused} of ${tiles} tiles were refused`)
    const most = Math.ceil(age / EARLIEST)
    /** @param {{ first: State, last: State }} day */
    const toHeap = (day) => `${day.first.heap.toFixed(2)} MB, then ${day.last.heap.toFixed(2)}`
    return [
      {
        name: `a page open for ${hours} h with tokens of 5 min: ${exchanges} exchanges for ${tiles} tiles`,
        against: `${most}, if each were as early as possible`,
        ratio: exchanges / most,
        limit: 1,
      },
      {
        name: `… how its heap grows after the first hour (${toHeap({ first, last })})`,
        against: `with a static token (${toHeap(peer)})`,
        ratio: last.heap / first.heap / (peer.last.heap / peer.first.heap),
        limit: 1.1,
      },
      {
        name: `… its pending timers (${last.timers})`,
        against: `after the first hour (${first.timers})`,
        ratio: last.timers / first.timers,
        limit: 1,
      },
    ]
  } finally {
    await browser.close()
    site.close()
  }
}

/** @typedef {{ heap: number, timers: number }} State MB, and how many timers are pending. */

/**
 * Spends so many hours in a page.
 *
 * @param {import('playwright').Browser} browser
 * @param {string} url
 * @param {number} hours
 * @returns {Promise<{ first: State, last: State, age: number }>} After the first hour and at the end; s.
 */
function spendDay(browser, url, hours) {
  return inNewPage(browser, async (page) => {
    await page.clock.install()
    await page.addInitScript(WATCH_TIMERS)
    await page.goto(url)
    await page.waitForFunction('window.firstTile')
    const devTools = await page.context().newCDPSession(page)
    const measure = async () => {
      // Leaflet's own timers are over, and no request is running.
      await pass(page, 60)
      for (const _ of [1, 2]) await devTools.send('HeapProfiler.collectGarbage')
      const { usedSize } = await devTools.send('Runtime.getHeapUsage')
      return { heap: usedSize / 1e6, timers: Number(await page.evaluate('timers.size')) }
    }
    await spend(page, HOUR)
    const first = await measure()
    await spend(page, (hours - 1) * HOUR)
    const last = await measure()
    return { first, last, age: Number(await page.evaluate('performance.now()')) / 1000 }
  })
}

/** Moves the map each minute. @param {import('playwright').Page} page @param {number} seconds */
async function spend(page, seconds) {
  for (let minute = 0; minute < seconds / 60; minute += 1) {
    const place = `[40 * Math.sin(${minute} / 7), 60 * Math.sin(${minute} / 9)]`
    await page.evaluate(`map.setView(${place}, 5, { animate: false })`)
    await pass(page, 60)
  }
}

/**
 * Sets the clock forward, from timer to timer: what a timer requests is answered before the clock goes on.
 *
 * @param {import('playwright').Page} page
 * @param {number} seconds
 */
async function pass(page, seconds) {
  for (let left = seconds * 1000; left > 0; ) {
    const step = Math.ceil(Math.min(left, 1 + Number(await page.evaluate('untilNextTimer()'))))
    await page.clock.runFor(step)
    left -= step
    const isQuiet = '(!window.tokens || tokens.state === "fresh") && !layer.isLoading()'
    await page.waitForFunction(isQuiet, undefined, { polling: 5 })
  }
}

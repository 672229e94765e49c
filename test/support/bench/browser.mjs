// @ts-check
import { chromium } from 'playwright'
import { chromiumArgs, chromiumHint, findChromium } from '../../../scripts/chromium.mjs'

/** @returns {Promise<import('playwright').Browser | undefined>} A Chromium without a window; `undefined` if there is none. */
export async function startBrowser() {
  const executablePath = findChromium()
  if (!executablePath) {
    process.stderr.write(`Left out, because no Chromium was found. ${chromiumHint}\n`)
    return undefined
  }
  return chromium.launch({ executablePath, args: [...chromiumArgs, '--disable-gpu-compositing'] })
}

/**
 * Runs something in a page that has cookies, cache and connections of its own, and closes it.
 *
 * @template T
 * @param {import('playwright').Browser} browser
 * @param {(page: import('playwright').Page) => Promise<T>} run
 */
export async function inNewPage(browser, run) {
  const context = await browser.newContext({ viewport: { width: 400, height: 300 } })
  try {
    return await run(await context.newPage())
  } finally {
    await context.close()
  }
}

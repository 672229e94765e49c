import { type Browser, chromium, type Page } from 'playwright'
import { chromiumArgs, findChromium } from '../../../scripts/chromium.mjs'

export function launch(): Promise<Browser> {
  const executablePath = findChromium()
  return chromium.launch({ ...(executablePath ? { executablePath } : {}), args: chromiumArgs })
}

/** A page whose console and uncaught errors are kept. */
export interface Watched {
  readonly page: Page
  /** Everything printed, and every error that nobody caught. */
  readonly printed: string[]
}

/** @param init A script that runs in the page before its own. */
export async function openPage(browser: Browser, url: string, init?: string): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 800, height: 600 } })
  if (init) await page.addInitScript(init)
  const printed: string[] = []
  page.on('console', (message) => {
    // The browser's own line for each failed request is not ours to prevent.
    if (!message.text().startsWith('Failed to load resource')) printed.push(message.text())
  })
  page.on('pageerror', (error) => printed.push(`uncaught: ${error.message}`))
  await page.goto(url)
  return { page, printed }
}

/** The page's own functions, which the pages in `pages.ts` define. */
declare global {
  var failed: () => string[]
  var settled: () => boolean
  var panTo: (step: number) => void
  var events: { type: string; status?: number }[]
}

/** Waits until the map has nothing left to load. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => globalThis.settled?.(), undefined, { timeout: 30_000 })
}

/** Pans for so long (ms), a step every 100 ms. */
export async function pan(page: Page, duration: number): Promise<void> {
  await page.evaluate(
    (duration) =>
      new Promise<void>((resolve) => {
        const start = performance.now()
        let step = 0
        const timer = setInterval(() => {
          globalThis.panTo(step)
          step += 1
          if (performance.now() - start > duration) {
            clearInterval(timer)
            resolve()
          }
        }, 100)
      }),
    duration,
  )
}

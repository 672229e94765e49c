import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { test as base } from 'vitest'
import { chromiumArgs, findHeadlessChromium } from '../../../scripts/chromium.mjs'

/** A page, and what it reported. */
export interface OpenedPage {
  readonly page: Page
  /** Everything printed to the console, and every uncaught error. */
  readonly printed: string[]
}

export interface PageOptions {
  /** A script that runs before the scripts of the page. */
  readonly init?: string
  readonly viewport?: { readonly width: number; readonly height: number }
  /** Runs with the page before it is loaded. */
  readonly prepare?: (page: Page) => Promise<unknown>
  /** Opens the page with cookies and a cache of its own. */
  readonly isIsolated?: boolean
  /** Opens the page isolated, as a clock is of a whole context, and with `page.clock` installed. */
  readonly hasClock?: boolean
}

export type OpenPage = (url: string, options?: PageOptions) => Promise<OpenedPage>

/** Lines that Chromium itself prints: for each failed request, and about its speed without a GPU. */
const BY_CHROMIUM = /^Failed to load resource|GL Driver Message .* GPU stall due to ReadPixels/

const VIEWPORT = { width: 800, height: 600 }

/** One browser a file. */
function launch(): Promise<Browser> {
  const executablePath = findHeadlessChromium()
  return chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    // Without a GPU, composing a page in software costs half as much as through SwiftShader, and a process
    // of its own for that costs more.
    args: [...chromiumArgs, '--disable-gpu-compositing', '--in-process-gpu'],
  })
}

/**
 * A test in a real browser. Tests of a file share the browser and, because a context costs more than
 * most pages, one context; `openPage` opens a page that is closed after the test.
 */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }) => {
    const browser = await launch()
    onCleanup(() => browser.close())
    return browser
  })
  .extend('context', { scope: 'file' }, ({ browser }) => browser.newContext({ viewport: VIEWPORT }))
  .extend('openPage', ({ browser, context }, { onCleanup }): OpenPage => {
    const closing: (Page | BrowserContext)[] = []
    onCleanup(async () => {
      await Promise.all(closing.map((opened) => opened.close()))
    })
    return async (url, { init, viewport, prepare, isIsolated, hasClock } = {}) => {
      const own =
        isIsolated || hasClock ? await browser.newContext({ viewport: VIEWPORT }) : undefined
      if (own) closing.push(own)
      if (hasClock) await own?.clock.install()
      const page = await (own ?? context).newPage()
      if (!own) closing.push(page)
      if (viewport) await page.setViewportSize(viewport)
      if (init) await page.addInitScript(init)
      const printed = watchPage(page)
      await prepare?.(page)
      await page.goto(url)
      return { page, printed }
    }
  })

/** Collects what a page prints to its console, and its uncaught errors. */
function watchPage(page: Page): string[] {
  const printed: string[] = []
  page.on('console', (message) => {
    if (!BY_CHROMIUM.test(message.text())) printed.push(message.text())
  })
  page.on('pageerror', (error) => printed.push(`uncaught: ${error.message}`))
  return printed
}

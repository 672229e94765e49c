import type { Page } from 'playwright'

/** Functions that the pages of `test/support` define. */
declare global {
  /** Keys of the tiles in view that have failed. */
  var failed: () => string[]
  /** Whether the map has nothing left to load. */
  var settled: () => boolean
  /** Moves the map to a view, another one for each step. */
  var panTo: (step: number) => void
}

/** Waits until the map has nothing left to load. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => globalThis.settled?.(), undefined, { timeout: 30_000 })
}

/** Waits until the map has nothing left to load and no tile in view has failed. */
export async function healed(page: Page): Promise<void> {
  await page.waitForFunction(
    () => globalThis.settled?.() && globalThis.failed().length === 0,
    undefined,
    { timeout: 30_000 },
  )
}

/** Pans for a time in ms, one step every 100 ms. */
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

/**
 * A script for pages with a WebGL map: it draws at most ten frames a second. A software renderer
 * reaches no more when several maps pan at once, and each frame takes time from the other tests.
 */
export const FEW_FRAMES = `{
  const draw = window.requestAnimationFrame.bind(window)
  let due = new Map(), ids = 0, drawn = -Infinity
  window.requestAnimationFrame = (callback) => {
    ids += 1
    due.set(ids, callback)
    if (due.size === 1) setTimeout(() => draw((time) => {
      const callbacks = due
      due = new Map()
      drawn = performance.now()
      for (const callback of callbacks.values()) callback(time)
    }), drawn + 100 - performance.now())
    return ids
  }
  window.cancelAnimationFrame = (id) => { if (due.has(id)) due.set(id, () => {}) }
}`

/** The viewport of pages with a WebGL map: a software renderer takes time for each pixel. */
export const SMALL = { width: 400, height: 300 }

import type { Page } from 'playwright'
import { expect } from 'vitest'
import { startExamples } from '../servers/example-server.ts'
import { eventually } from './eventually.ts'
import { type PageOptions, test as pageTest } from './page-test.ts'
import { FEW_FRAMES } from './panning.ts'

/** A test with the example pages on a server of the file, and `openExample`, which opens one of them. */
export const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('examples', { scope: 'file' }, async ({}, { onCleanup }) => {
    const examples = await startExamples()
    onCleanup(() => examples.stop())
    return examples
  })
  .extend(
    'openExample',
    ({ openPage, examples }) =>
      (path: string, options: PageOptions = {}) =>
        openPage(`${examples.origin}${path}`, { init: FEW_FRAMES, ...options }),
  )

/** The text of a part of the panel. */
export const readText = (page: Page, part: string) =>
  page.locator(`[data-part="${part}"]`).innerText()

/** The number in a part of the panel. */
export const readFigure = (page: Page, part: string) => readText(page, part).then(Number)

/**
 * Presses a button. By its own `click()`: under load Chromium drops the input of a page that it has not
 * painted yet, and the panel may move between the down and up of a mouse.
 */
export const press = (page: Page, part: string) =>
  page.locator(`[data-part="${part}"]`).evaluate((button: HTMLElement) => button.click())

/** Expects that a number of the panel satisfies the condition within 30 s. */
export const expectFigure = (page: Page, part: string, isRight: (value: number) => boolean) =>
  eventually(async () => expect(await readFigure(page, part)).toSatisfy(isRight))

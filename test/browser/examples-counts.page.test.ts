import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { expectFigure, press, readFigure, readText, test } from '../support/pages/example-test.ts'

/** Answers every request for map data with 500 while `isOn`. */
function addFault(page: Page) {
  const fault = { isOn: false }
  return page
    .route(/\/v1\/tiles\/.*\.(?:mvt|webp)|\/download\/cog/, (route) =>
      fault.isOn ? route.fulfill({ status: 500 }) : route.continue(),
    )
    .then(() => fault)
}

/** Gives the page tokens that it does not renew during the test. */
const giveLongTokens = (page: Page) =>
  page.route('**/map-token', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), expires_in: 600 } })
  })

/** Moves on, at most four times: of two maps that are kept together, one follows the other late. */
async function moveUntilNothingIsMissing(page: Page): Promise<boolean> {
  for (let moves = 0; moves < 4; moves += 1) {
    await press(page, 'look')
    const isGone = await eventually(
      async () => expect(await readFigure(page, 'missing')).toBe(0),
      5_000,
    ).then(
      () => true,
      () => false,
    )
    if (isGone) return true
  }
  return false
}

describe.concurrent.each(['maplibre', 'leaflet', 'side-by-side', 'cog'])(
  'the counts of the page %s',
  (name) => {
    test('what failed and then left the view is not counted as failed', async ({ openExample }) => {
      const { page } = await openExample(`/${name}/`)
      const fault = await addFault(page)
      await expectFigure(page, 'loaded', (loaded) => loaded > 0)
      // Jumps: a flight that begins before the other has ended could return to a tile that failed.
      await page.emulateMedia({ reducedMotion: 'reduce' })
      fault.isOn = true
      await press(page, 'look')
      await expectFigure(page, 'missing', (missing) => missing > 0)
      fault.isOn = false
      expect(await moveUntilNothingIsMissing(page)).toBe(true)
    })

    test('one is singular, and other numbers are plural', async ({ openExample }) => {
      const { page } = await openExample(`/${name}/`, { prepare: giveLongTokens })
      await eventually(async () => {
        expect(await readText(page, 'exchanges')).toBe('1')
        expect(await readText(page, 'exchanges-label')).toBe('Exchange')
        // An exchange counts when it begins; one that has not ended would be the answer to the next.
        expect(await readText(page, 'state')).toMatch(/fresh/i)
      })
      await press(page, 'corrupt')
      await expectFigure(page, 'exchanges', (exchanges) => exchanges > 1)
      await eventually(async () =>
        expect(await readText(page, 'exchanges-label')).toBe('Exchanges'),
      )
    })
  },
)

test('the index page counts 1 exchange, and several tiles', async ({ openExample }) => {
  const { page } = await openExample('/', { prepare: giveLongTokens })
  const figures = page.locator('.pulse-figures')
  await eventually(async () =>
    expect(await figures.innerText()).toMatch(/\b1 exchange\n([2-9]|\d\d) tiles$/),
  )
})

import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { expectFigure, press, readFigure, readText, test } from '../support/pages/example-test.ts'

const expectText = (page: Page, part: string, text: RegExp) =>
  eventually(async () => expect(await readText(page, part)).toMatch(text))

/** What the notices on the maps of a page show. */
const readNotices = (page: Page) =>
  page
    .locator('.map .tilepass-control')
    .evaluateAll((notices: HTMLElement[]) => notices.map(({ dataset }) => dataset.state))

describe.concurrent.each([
  ['maplibre', 1],
  ['leaflet', 1],
  ['side-by-side', 2],
  ['cog', 1],
] as const)('the panel of the page %s', (name, maps) => {
  test('every button says what it does', async ({ openExample }) => {
    const { page } = await openExample(`/${name}/`)
    const buttons = await page.locator('#panel button').all()
    expect(buttons.length).toBeGreaterThan(4)
    for (const button of buttons) {
      expect(await button.locator('strong').innerText()).not.toBe('')
      expect((await button.locator('small').innerText()).length).toBeGreaterThan(20)
    }
  })

  test('"Let the token expire" shows that it expires, and that requests wait', async ({
    openExample,
  }) => {
    const { page } = await openExample(`/${name}/`)
    await expectFigure(page, 'exchanges', (exchanges) => exchanges > 0)
    const hint = await readText(page, 'expire-hint')
    const before = await readFigure(page, 'exchanges')
    await press(page, 'expire')
    // The tokens of the GeoTIFF page live too long to wait for their end.
    if (name !== 'cog') await expectText(page, 'expire-hint', /Expires in \d+ s/)
    await expectText(page, 'expire-hint', /^Expired/)
    await expectText(page, 'log', /Token expired/)
    await eventually(async () => expect(await readText(page, 'expire-hint')).toBe(hint))
    expect(await readFigure(page, 'exchanges')).toBeGreaterThan(before)
  })

  test('"Corrupt the token" shows when the token has been replaced', async ({ openExample }) => {
    const { page } = await openExample(`/${name}/`)
    await expectFigure(page, 'loaded', (loaded) => loaded > 0)
    const hint = await readText(page, 'corrupt-hint')
    await press(page, 'corrupt')
    await expectText(page, 'log', /Corrupt token replaced/)
    expect(await readText(page, 'corrupt-hint')).toBe(hint)
  })

  test('an outage shows on each map, and its end as well', async ({ openExample }) => {
    const { page } = await openExample(`/${name}/`)
    await expectFigure(page, 'loaded', (loaded) => loaded > 0)
    expect(await readNotices(page)).toEqual(Array(maps).fill('well'))
    await press(page, 'break')
    await press(page, 'expire')
    await eventually(async () =>
      expect(await readNotices(page)).toEqual(Array(maps).fill('unavailable')),
    )
    const notice = page.locator('.map .tilepass-control').last()
    expect(await notice.innerText()).toContain('Private map data cannot be loaded.')
    expect(await readText(page, 'break')).toContain('Restore the broker')
    await press(page, 'break')
    await eventually(async () => expect(await readNotices(page)).toEqual(Array(maps).fill('well')))
    expect(await readText(page, 'break')).toContain('Break the broker')
  })
})

import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { expectFigure, press, readText, test } from '../support/pages/example-test.ts'
import { NO_WEBGL } from '../support/pages/no-webgl.ts'

const init = NO_WEBGL

describe.concurrent('without WebGL', () => {
  test('the page maplibre says what is missing and what to do, and its panel works', async ({
    openExample,
  }) => {
    const { page, printed } = await openExample('/maplibre/', { init })
    const message = await page.locator('#map').innerText()
    expect(message).toContain('needs WebGL 2')
    expect(message).toContain('hardware acceleration')
    expect(await page.locator('#map a').getAttribute('href')).toBe('/leaflet/')
    await eventually(async () => expect(await readText(page, 'state')).toMatch(/fresh/i))
    await expectFigure(page, 'exchanges', (exchanges) => exchanges > 1)
    expect(await page.locator('[data-part="look"]').isDisabled()).toBe(true)
    expect(printed).toEqual([])
  })

  test('the page side-by-side shows the message and a Leaflet map that loads tiles', async ({
    openExample,
  }) => {
    const { page, printed } = await openExample('/side-by-side/', { init })
    expect(await page.locator('#vector').innerText()).toContain('needs WebGL 2')
    await expectFigure(page, 'loaded', (loaded) => loaded > 0)
    const before = Number(await readText(page, 'loaded'))
    await press(page, 'look')
    await expectFigure(page, 'loaded', (loaded) => loaded > before)
    await press(page, 'without')
    await eventually(async () => expect(await readText(page, 'state')).toBe('Static token'))
    expect(await page.locator('#vector').innerText()).toContain('needs WebGL 2')
    expect(printed).toEqual([])
  })

  test.for(['leaflet', 'cog'])('the page %s works as before', async (name, { openExample }) => {
    const { page, printed } = await openExample(`/${name}/`, { init })
    await expectFigure(page, 'loaded', (loaded) => loaded > 0)
    expect(printed).toEqual([])
  })

  test('the index page shows the other previews, and the state of the token', async ({
    openExample,
  }) => {
    const { page, printed } = await openExample('/', { init })
    expect(await page.locator('#vector').innerText()).toContain('needs WebGL 2')
    await eventually(async () =>
      expect(await page.locator('#raster .leaflet-tile-loaded').count()).toBeGreaterThan(0),
    )
    await eventually(async () =>
      expect(await page.locator('#state').innerText()).toBe('Token is fresh'),
    )
    expect(printed).toEqual([])
  })
})

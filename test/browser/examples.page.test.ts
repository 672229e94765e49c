import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import {
  test as exampleTest,
  expectFigure,
  press,
  readFigure,
  readText,
} from '../support/pages/example-test.ts'

const test = exampleTest.extend(
  'openMap',
  ({ openExample }) =>
    /** Opens an example page and waits for its first tile. */
    async (name: string) => {
      const opened = await openExample(`/${name}/`)
      await expectFigure(opened.page, 'loaded', (loaded) => loaded > 0)
      return opened
    },
)

describe.concurrent.each(['maplibre', 'leaflet', 'side-by-side'])('the page %s', (name) => {
  test('loads tiles under a strict CSP without an error', async ({ openMap }) => {
    const { page, printed } = await openMap(name)
    expect(await readFigure(page, 'missing')).toBe(0)
    expect(printed).toEqual([])
    const policy = (await page.request.get(page.url())).headers()['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  })

  test('keeps every tile when the token is corrupted', async ({ openMap }) => {
    const { page, printed } = await openMap(name)
    const before = await readFigure(page, 'exchanges')
    await press(page, 'corrupt')
    await press(page, 'look')
    await expectFigure(page, 'exchanges', (exchanges) => exchanges > before)
    await expectFigure(page, 'missing', (missing) => missing === 0)
    expect(printed).toEqual([])
  })

  test('recovers after the broker failed and was restored', async ({ openMap }) => {
    const { page } = await openMap(name)
    await press(page, 'break')
    await press(page, 'expire')
    await press(page, 'look')
    await press(page, 'break')
    await eventually(async () => expect(await readText(page, 'state')).toMatch(/fresh/i), 45_000)
    await expectFigure(page, 'missing', (missing) => missing === 0)
  })
})

describe.concurrent('the example pages', () => {
  test('the index shows live maps', async ({ openExample }) => {
    const { page, printed } = await openExample('/')
    await eventually(async () =>
      expect(await page.locator('canvas, .leaflet-tile-loaded').count()).toBeGreaterThan(2),
    )
    expect(printed).toEqual([])
  })

  test('no page sends a request to another server', async ({ examples, openExample }) => {
    const foreign: string[] = []
    for (const path of ['', 'maplibre/', 'leaflet/', 'side-by-side/', 'cog/']) {
      const { page } = await openExample(`/${path}`, {
        prepare: async (page) =>
          page.on('request', (request) => {
            if (
              !request.url().startsWith(examples.origin) &&
              !/^(?:data|blob):/.test(request.url())
            )
              foreign.push(request.url())
          }),
      })
      await page.waitForLoadState('networkidle')
    }
    expect(foreign).toEqual([])
  })
})

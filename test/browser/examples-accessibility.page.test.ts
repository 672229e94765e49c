import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { expectFigure, press, readText, test } from '../support/pages/example-test.ts'
import { NO_WEBGL } from '../support/pages/no-webgl.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Runs axe in a page and lists what it finds: rule, impact, and the elements. */
async function findViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(AXE)
  const found: AxeResults = await page.evaluate('axe.run()')
  return found.violations.map(
    ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target).join(', ')}`,
  )
}

/** Runs axe in both widths and both colour schemes. */
async function findAllViolations(page: Page): Promise<string[]> {
  const all: string[] = []
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const violation of await findViolations(page))
        all.push(`${width} px, ${colorScheme}: ${violation}`)
    }
  }
  return all
}

/** Waits until the page has loaded the first parts of its map. */
const isDrawn = (page: Page, name: string) =>
  name === ''
    ? eventually(async () => expect(await page.locator('#loaded').innerText()).not.toBe('0'))
    : expectFigure(page, 'loaded', (loaded) => loaded > 0)

/** The elements that the Tab key reaches, in order, and whether each shows that it has the focus. */
async function walk(page: Page): Promise<{ id: string; isVisible: boolean }[]> {
  const steps: { id: string; isVisible: boolean }[] = []
  for (;;) {
    await page.keyboard.press('Tab')
    const step = await page.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body) return undefined
      const id = element.getAttribute('data-control') ?? element.outerHTML.slice(0, 80)
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
      const hasOutline = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0
      return { id, isVisible: hasOutline || boxShadow !== 'none' }
    })
    if (!step || steps.some(({ id }) => id === step.id)) return steps
    steps.push(step)
  }
}

/** Numbers every control that a mouse could use, and returns the numbers. */
const numberControls = (page: Page) =>
  page.evaluate(() => {
    const all = document.querySelectorAll('a[href], button, summary, [tabindex="0"]')
    const controls = [...all].filter(
      (element) =>
        element.checkVisibility({ visibilityProperty: true }) &&
        !element.closest('[inert], :disabled, [aria-disabled="true"]'),
    )
    return controls.map((element, index) => {
      const id = `${index} ${element.textContent?.trim().slice(0, 40)}`
      element.setAttribute('data-control', id)
      return id
    })
  })

describe.concurrent.each(['', 'maplibre', 'leaflet', 'side-by-side', 'cog'])(
  'the page /%s',
  (name) => {
    const path = name && `${name}/`

    test('has nothing that axe objects to, narrow and wide, light and dark', async ({
      openExample,
    }) => {
      const { page } = await openExample(`/${path}`)
      await isDrawn(page, name)
      expect(await findAllViolations(page)).toEqual([])
    })

    test('reaches every control with the Tab key, and shows the focus', async ({ openExample }) => {
      const { page } = await openExample(`/${path}`)
      await isDrawn(page, name)
      // Until its sources are loaded, a map writes its attribution anew.
      await eventually(async () => {
        const controls = await numberControls(page)
        const steps = await walk(page)
        expect(steps.map(({ id }) => id)).toEqual(expect.arrayContaining(controls))
        expect(steps.filter(({ isVisible }) => !isVisible)).toEqual([])
      })
    })

    test('says without JavaScript what it needs', async ({ browser, examples }) => {
      const context = await browser.newContext({ javaScriptEnabled: false })
      const page = await context.newPage()
      await page.goto(`${examples.origin}/${path}`)
      const text = await page.locator('body').innerText()
      expect(text).toContain('JavaScript')
      expect(text).not.toContain('Starting')
      await context.close()
    })
  },
)

describe.concurrent('axe objects to nothing', () => {
  test.for(['maplibre', 'leaflet', 'side-by-side', 'cog'])(
    'on the page %s during an outage',
    async (name, { openExample }) => {
      const { page } = await openExample(`/${name}/`, {
        prepare: (page) => page.route(/map-token|download-token/, (route) => route.abort()),
      })
      await eventually(async () =>
        expect(await readText(page, 'state')).toBe('Broker cannot be reached'),
      )
      await press(page, 'break')
      expect(await findAllViolations(page)).toEqual([])
    },
  )

  test.for(['', 'maplibre/', 'side-by-side/'])(
    'on the page /%s without WebGL',
    async (path, { openExample }) => {
      const { page } = await openExample(`/${path}`, { init: NO_WEBGL })
      await page.locator('.no-webgl').first().waitFor()
      expect(await findAllViolations(page)).toEqual([])
    },
  )

  test('on the GeoTIFF page after a refused download', async ({ openExample }) => {
    const { page } = await openExample('/cog/')
    await page.getByRole('button', { name: 'Download a private file' }).click()
    await page.locator('.result.explained').waitFor()
    expect(await findAllViolations(page)).toEqual([])
  })
})

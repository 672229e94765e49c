import { readFileSync } from 'node:fs'
import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import {
  test as exampleTest,
  expectFigure,
  press,
  readFigure,
  readText,
} from '../support/pages/example-test.ts'
import type { PageOptions } from '../support/pages/page-test.ts'
import { demoData } from '../support/repository.ts'

const readCaption = (page: Page) => page.locator('#level').innerText()
const expectCaption = (page: Page, text: string) =>
  eventually(async () => expect(await readCaption(page)).toContain(text))

const test = exampleTest.extend(
  'openImage',
  ({ openExample }) =>
    /** Opens the page and waits until it has read the image, and its panel says so. */
    async (options?: PageOptions) => {
      const opened = await openExample('/cog/', options)
      await expectCaption(opened.page, 'Read from')
      await expectFigure(opened.page, 'exchanges', (exchanges) => exchanges > 0)
      return opened
    },
)

/** Presses "Zoom to a place" and waits until another window has been read. */
async function lookCloser(page: Page): Promise<void> {
  const before = await readFigure(page, 'loaded')
  await press(page, 'look')
  await expectFigure(page, 'loaded', (loaded) => loaded > before)
  await expectCaption(page, '2048 × 1024')
}

/** How many colours the canvas shows, in steps of 16 per channel; whether all of it is opaque; its middle. */
function inspectCanvas(page: Page) {
  return page.locator('#image').evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement
    // A copy: Chromium warns about repeated reading of the canvas itself.
    const copy = document.createElement('canvas')
    Object.assign(copy, { width, height })
    const context = copy.getContext('2d', { willReadFrequently: true })
    context?.drawImage(element as HTMLCanvasElement, 0, 0)
    const { data } = context?.getImageData(0, 0, width, height) ?? { data: [] }
    const colours = new Set<number>()
    let isOpaque = data.length > 0
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]]
      colours.add(((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4))
      if (data[at + 3] !== 255) isOpaque = false
    }
    const middle = ((height >> 1) * width + (width >> 1)) * 4
    const [green = 0, blue = 0] = [data[middle + 1], data[middle + 2]]
    return { colours: colours.size, isOpaque, green, blue }
  })
}

describe.concurrent('the GeoTIFF page', () => {
  test('draws the image under a strict CSP, without a token in the address', async ({
    examples,
    openImage,
  }) => {
    const { page, printed } = await openImage()
    const { colours, isOpaque } = await inspectCanvas(page)
    expect(colours).toBeGreaterThan(60)
    expect(isOpaque).toBe(true)
    await lookCloser(page)
    expect((await inspectCanvas(page)).isOpaque).toBe(true)
    expect(await readFigure(page, 'missing')).toBe(0)
    expect(page.url()).toBe(`${examples.origin}/cog/`)
    expect(await page.evaluate(() => history.length)).toBe(2)
    expect(printed).toEqual([])
    const policy = (await page.request.get(page.url())).headers()['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  })

  test('shows the colours of the Earth: Africa is green, the Pacific is blue', async ({
    openImage,
  }) => {
    const { page } = await openImage()
    const africa = await inspectCanvas(page)
    expect(africa.green).toBeGreaterThan(africa.blue)
    for (let step = 0; step < 4; step++) {
      await page.mouse.move(200, 300)
      await page.mouse.down()
      await page.mouse.move(340, 300, { steps: 4 })
      await page.mouse.up()
    }
    const pacific = await inspectCanvas(page)
    expect(pacific.blue).toBeGreaterThan(pacific.green)
  })

  test('reads other windows for dragging and the wheel', async ({ openImage }) => {
    const { page, printed } = await openImage()
    const before = await readFigure(page, 'loaded')
    await page.mouse.move(200, 300)
    await page.mouse.wheel(0, -400)
    await expectCaption(page, '2048 × 1024')
    await expectFigure(page, 'loaded', (loaded) => loaded > before)
    expect(await readFigure(page, 'missing')).toBe(0)
    expect(printed).toEqual([])
  })

  test('continues to read after the token has expired', async ({ openImage }) => {
    const { page, printed } = await openImage()
    const before = await readFigure(page, 'exchanges')
    await press(page, 'expire')
    await expectFigure(page, 'exchanges', (exchanges) => exchanges > before)
    await lookCloser(page)
    expect(await readText(page, 'state')).toMatch(/fresh/i)
    expect(await readFigure(page, 'missing')).toBe(0)
    expect(printed).toEqual([])
  })

  test('continues to read past the 120 s of a token', async ({ openImage }) => {
    const { page } = await openImage({ hasClock: true })
    const before = await readFigure(page, 'exchanges')
    expect(Number.parseInt(await readText(page, 'seconds'), 10)).toBeGreaterThan(100)
    await page.clock.fastForward(125_000)
    await lookCloser(page)
    await expectFigure(page, 'exchanges', (exchanges) => exchanges > before)
    expect(await readFigure(page, 'missing')).toBe(0)
  })

  test('replaces a corrupted token after a refusal, and misses no range', async ({ openImage }) => {
    const { page, printed } = await openImage()
    const refused: number[] = []
    page.on('response', (response) => {
      if (response.status() === 401) refused.push(response.status())
    })
    const before = await readFigure(page, 'exchanges')
    await press(page, 'corrupt')
    await expectFigure(page, 'exchanges', (exchanges) => exchanges >= before + 2)
    await lookCloser(page)
    expect(refused.length).toBeGreaterThan(0)
    expect(await readFigure(page, 'missing')).toBe(0)
    expect(printed).toEqual([])
  })

  test('is only delayed by a broker that fails', async ({ openImage }) => {
    const { page } = await openImage()
    await press(page, 'break')
    await press(page, 'expire')
    await eventually(async () => expect(await readText(page, 'state')).toMatch(/cannot be reached/))
    await press(page, 'break')
    await lookCloser(page)
    expect(await readFigure(page, 'missing')).toBe(0)
  })

  test('saves the file with the download button, and stays open', async ({
    examples,
    openImage,
  }) => {
    const { page, printed } = await openImage()
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download the file' }).click()
    const saved = await saving
    expect(saved.suggestedFilename()).toBe('earth.tif')
    const file = readFileSync(demoData('earth.tif'))
    expect(readFileSync(await saved.path()).equals(file)).toBe(true)
    expect(page.url()).toBe(`${examples.origin}/cog/`)
    expect(await page.evaluate(() => history.length)).toBe(2)
    expect(printed).toEqual([])
  })

  test('explains to a visitor why a private file is refused, and stays open', async ({
    examples,
    openImage,
  }) => {
    const { page, printed } = await openImage()
    await page.getByRole('button', { name: 'Download a private file' }).click()
    const result = page.locator('.result.explained')
    await result.waitFor()
    const text = await result.innerText()
    for (const part of ['403', 'belongs to an account', 'no token for it'])
      expect(text).toContain(part)
    expect(await page.locator('.result.bad').count()).toBe(0)
    expect(page.url()).toBe(`${examples.origin}/cog/`)
    expect(printed).toEqual([])
  })

  test('shows an outage during a private download as an error, not as a refusal', async ({
    openImage,
  }) => {
    const { page } = await openImage()
    await page.route('**/auth/download-token/*', (route) => route.fulfill({ status: 503 }))
    await page.getByRole('button', { name: 'Download a private file' }).click()
    await page.locator('.result.bad').waitFor()
  })
})

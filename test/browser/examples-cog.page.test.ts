import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, openPage } from '../support/pages/chromium.ts'
import { type ExampleServer, startExamples } from '../support/servers/example-server.ts'

const file = readFileSync(join(import.meta.dirname, '../../examples/demo-data/earth.tif'))
let browser: Browser
let server: ExampleServer
let address: string

beforeAll(async () => {
  server = await startExamples()
  address = `${server.origin}/cog/`
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const text = (page: Page, part: string) => page.locator(`[data-part="${part}"]`).innerText()
const figure = (page: Page, part: string) => text(page, part).then(Number)
const press = (page: Page, part: string) => page.locator(`[data-part="${part}"]`).click()
const shows = (page: Page, part: string, accept: (value: number) => boolean) =>
  expect.poll(() => figure(page, part), { timeout: 30_000 }).toSatisfy(accept)
const caption = (page: Page) => page.locator('#level').innerText()

/** The page, once it has read the window that it starts with. */
async function openImage() {
  const watched = await openPage(browser, address)
  await expect.poll(() => caption(watched.page), { timeout: 30_000 }).toContain('Read from')
  return watched
}

/** Presses "Look closer" and waits until another window has been read. */
async function lookCloser(page: Page): Promise<void> {
  const before = await figure(page, 'loaded')
  await press(page, 'look')
  await shows(page, 'loaded', (loaded) => loaded > before)
  await expect.poll(() => caption(page)).toContain('2048 × 1024')
}

/** The canvas's pixels, from a copy: Chromium warns of repeated reading otherwise. */
function readPixels(page: Page): Promise<{ width: number; height: number; data: number[] }> {
  return page.locator('#image').evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement
    const copy = document.createElement('canvas')
    Object.assign(copy, { width, height })
    const context = copy.getContext('2d', { willReadFrequently: true })
    context?.drawImage(element as HTMLCanvasElement, 0, 0)
    return { width, height, data: [...(context?.getImageData(0, 0, width, height).data ?? [])] }
  })
}

/** How many colours the canvas shows, in steps of 16 per channel, and whether all of it is painted. */
async function inspect(page: Page): Promise<{ colours: number; isFull: boolean }> {
  const { data } = await readPixels(page)
  const colours = new Set<number>()
  let isFull = data.length > 0
  for (let at = 0; at < data.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha] = data.slice(at, at + 4)
    colours.add(((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4))
    if (alpha !== 255) isFull = false
  }
  return { colours: colours.size, isFull }
}

async function middle(page: Page): Promise<number[]> {
  const { width, height, data } = await readPixels(page)
  const at = ((height >> 1) * width + (width >> 1)) * 4
  return data.slice(at, at + 3)
}

test('the image is drawn under the strict CSP, and no token is in the address', async () => {
  const { page, printed } = await openImage()
  const { colours, isFull } = await inspect(page)
  expect(colours).toBeGreaterThan(60)
  expect(isFull).toBe(true)
  await lookCloser(page)
  expect((await inspect(page)).isFull).toBe(true)
  expect(await figure(page, 'missing')).toBe(0)
  expect(page.url()).toBe(address)
  expect(await page.evaluate(() => history.length)).toBe(2)
  expect(printed).toEqual([])
  const policy = (await page.request.get(page.url())).headers()['content-security-policy']
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  await page.close()
})

test('its colours are those of the Earth: Africa is green, the Pacific is blue', async () => {
  const { page } = await openImage()
  const [, green = 0, blue = 0] = await middle(page)
  expect(green).toBeGreaterThan(blue)
  for (let step = 0; step < 4; step++) {
    await page.mouse.move(200, 300)
    await page.mouse.down()
    await page.mouse.move(340, 300, { steps: 4 })
    await page.mouse.up()
  }
  const [, seaGreen = 0, seaBlue = 0] = await middle(page)
  expect(seaBlue).toBeGreaterThan(seaGreen)
  await page.close()
})

test('dragging and the wheel read other windows', async () => {
  const { page, printed } = await openImage()
  const before = await figure(page, 'loaded')
  await page.mouse.move(200, 300)
  await page.mouse.wheel(0, -400)
  await expect.poll(() => caption(page)).toContain('2048 × 1024')
  await shows(page, 'loaded', (loaded) => loaded > before)
  expect(await figure(page, 'missing')).toBe(0)
  expect(printed).toEqual([])
  await page.close()
})

test('reading goes on after the token has expired', async () => {
  const { page, printed } = await openImage()
  const before = await figure(page, 'exchanges')
  await press(page, 'expire')
  await shows(page, 'exchanges', (exchanges) => exchanges > before)
  await lookCloser(page)
  expect(await text(page, 'state')).toMatch(/fresh/i)
  expect(await figure(page, 'missing')).toBe(0)
  expect(printed).toEqual([])
  await page.close()
})

test('reading goes on past the 120 s that a token lives', async () => {
  const page = await browser.newPage({ viewport: { width: 800, height: 600 } })
  await page.clock.install()
  await page.goto(address)
  await expect.poll(() => caption(page), { timeout: 30_000 }).toContain('Read from')
  const [before, left] = [await figure(page, 'exchanges'), await text(page, 'seconds')]
  expect(Number.parseInt(left, 10)).toBeGreaterThan(100)
  await page.clock.fastForward(125_000)
  await lookCloser(page)
  await shows(page, 'exchanges', (exchanges) => exchanges > before)
  expect(await figure(page, 'missing')).toBe(0)
  await page.close()
})

test('a spoiled token is refused, replaced, and no range is missing', async () => {
  const { page, printed } = await openImage()
  const refused: number[] = []
  page.on('response', (response) => {
    if (response.status() === 401) refused.push(response.status())
  })
  const before = await figure(page, 'exchanges')
  await press(page, 'spoil')
  await shows(page, 'exchanges', (exchanges) => exchanges >= before + 2)
  await lookCloser(page)
  expect(refused.length).toBeGreaterThan(0)
  expect(await figure(page, 'missing')).toBe(0)
  expect(printed).toEqual([])
  await page.close()
})

test('a broken broker only delays reading', async () => {
  const { page } = await openImage()
  await press(page, 'break')
  await press(page, 'expire')
  await expect.poll(() => text(page, 'state'), { timeout: 30_000 }).toMatch(/cannot be reached/)
  await press(page, 'break')
  await lookCloser(page)
  expect(await figure(page, 'missing')).toBe(0)
  await page.close()
})

test('the download button saves the file, and the page stays', async () => {
  const { page, printed } = await openImage()
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the file' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe('earth.tif')
  expect(readFileSync(await saved.path()).equals(file)).toBe(true)
  expect(page.url()).toBe(address)
  expect(await page.evaluate(() => history.length)).toBe(2)
  expect(printed).toEqual([])
  await page.close()
})

test('a download that the broker refuses says so, and the page stays', async () => {
  const { page, printed } = await openImage()
  await page.getByRole('button', { name: 'Download a private file' }).click()
  await expect.poll(() => page.locator('.more .bad').innerText()).toContain('403')
  expect(page.url()).toBe(address)
  expect(printed).toEqual([])
  await page.close()
})

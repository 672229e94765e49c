import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launch, openPage } from '../support/pages/chromium.ts'
import { type ExampleServer, startExamples } from '../support/servers/example-server.ts'

let browser: Browser
let server: ExampleServer
let origin: string

beforeAll(async () => {
  server = await startExamples()
  origin = server.origin
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const figure = (page: Page, part: string) =>
  page.locator(`[data-part="${part}"]`).innerText().then(Number)
const shows = (page: Page, part: string, accept: (value: number) => boolean) =>
  expect.poll(() => figure(page, part), { timeout: 30_000 }).toSatisfy(accept)

describe.each(['maplibre', 'leaflet', 'side-by-side'])('the page %s', (name) => {
  test('loads tiles under its strict CSP without an error', async () => {
    const { page, printed } = await openPage(browser, `${origin}/${name}/`)
    await shows(page, 'loaded', (loaded) => loaded > 0)
    expect(await figure(page, 'missing')).toBe(0)
    expect(printed).toEqual([])
    const policy = (await page.request.get(page.url())).headers()['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    await page.close()
  })

  test('keeps every tile when the token is spoiled', async () => {
    const { page, printed } = await openPage(browser, `${origin}/${name}/`)
    await shows(page, 'loaded', (loaded) => loaded > 0)
    const before = await figure(page, 'exchanges')
    await page.locator('[data-part="spoil"]').click()
    await page.locator('[data-part="look"]').click()
    await shows(page, 'exchanges', (exchanges) => exchanges > before)
    await shows(page, 'missing', (missing) => missing === 0)
    expect(printed).toEqual([])
    await page.close()
  })

  test('carries on when the broker breaks and is mended', async () => {
    const { page } = await openPage(browser, `${origin}/${name}/`)
    await shows(page, 'loaded', (loaded) => loaded > 0)
    await page.locator('[data-part="break"]').click()
    await page.locator('[data-part="expire"]').click()
    await page.locator('[data-part="look"]').click()
    await page.locator('[data-part="break"]').click()
    await expect
      .poll(() => page.locator('[data-part="state"]').innerText(), { timeout: 45_000 })
      .toMatch(/fresh/i)
    await shows(page, 'missing', (missing) => missing === 0)
    await page.close()
  })
})

test('the index shows live maps', async () => {
  const { page, printed } = await openPage(browser, `${origin}/`)
  await expect.poll(() => page.locator('canvas, .leaflet-tile-loaded').count()).toBeGreaterThan(2)
  expect(printed).toEqual([])
  await page.close()
})

test('no page asks anybody but its own server', async () => {
  const page = await browser.newPage()
  const foreign: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(?:data|blob):/.test(request.url())) {
      foreign.push(request.url())
    }
  })
  for (const path of ['', 'maplibre/', 'leaflet/', 'side-by-side/', 'cog/']) {
    await page.goto(`${origin}/${path}`, { waitUntil: 'networkidle' })
  }
  expect(foreign).toEqual([])
  await page.close()
})

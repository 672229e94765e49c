import type { ServerResponse } from 'node:http'
import { describe, expect } from 'vitest'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'
import { healed } from '../support/pages/panning.ts'
import { CORS, listRequests, waitForQuiet } from '../support/pages/servers.ts'

/** As a server that forgets CORS headers on errors. */
function end(response: ServerResponse, status: number): true {
  response.writeHead(status, { 'cache-control': 'no-store' }).end('{}')
  return true
}

/** Adds a layer to the page, which collects what its manager reports. */
function addLayer(): void {
  const { L, T, map, tokens, url } = window
  const codes: string[] = []
  Object.assign(window, { codes })
  tokens.on('error', ({ code }) => codes.push(code))
  window.layer = T.createTileLayer(L.TileLayer, url, { tokens }).addTo(map)
}
/** Chromium prints a line for each answer without CORS headers. */
function expectOnlyCors(printed: string[]): void {
  expect(printed.filter((line) => !/CORS policy/.test(line))).toEqual([])
  printed.length = 0
}
const readCodes = () => (window as unknown as { codes: string[] }).codes

describe.concurrent.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  test('refusals without CORS headers reject the token, and tiles load with the next', async ({
    openLeaflet,
  }) => {
    const { page, servers, printed } = await openLeaflet(version, mode)
    let refused: string | undefined
    servers.intercept = ({ token }, response) => {
      refused ??= token
      return token === refused && end(response, 401)
    }
    await page.evaluate(addLayer)
    await healed(page)
    expectOnlyCors(printed)
    expect(servers.counts.exchanges).toBe(2)
    expect(await page.evaluate(readCodes)).toEqual(['ERR_ANSWER_UNREADABLE'])
  })

  test('missing tiles without CORS headers cost no token', async ({ openLeaflet }) => {
    const { page, servers, printed } = await openLeaflet(version, mode)
    servers.intercept = ({ path }, response) => /[02468]\.png$/.test(path) && end(response, 404)
    await page.evaluate(addLayer)
    await waitForQuiet(servers)
    expect(listRequests(servers, /raster/, 404).length).toBeGreaterThan(0)
    expectOnlyCors(printed)
    expect(await page.evaluate(readCodes)).toEqual([])
    expect(servers.counts.exchanges).toBe(1)
  })

  test('a tile server that is down is asked at most twice more for each tile, and costs no token', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    servers.intercept = (_asked, response) => {
      response.destroy()
      return true
    }
    const asked: string[] = []
    page.on('requestfailed', (request) => asked.push(new URL(request.url()).pathname))
    await page.evaluate(addLayer)
    await page.waitForFunction(() => window.settled())
    const renew = () => page.evaluate(() => window.tokens.renew())
    for (let renewals = 0; renewals < 4; renewals += 1) {
      await renew()
      await page.waitForTimeout(5100)
    }
    const tiles = await page.evaluate(() => Object.keys(window.layer._tiles).length)
    // Each of them three times; in the query, a few questions about the reason are added.
    expect(asked.length).toBeGreaterThanOrEqual(tiles * 3)
    expect(asked.length).toBeLessThan(tiles * 3 + 20)
    expect(await page.evaluate(readCodes)).toEqual([])
    expect(servers.counts.exchanges).toBe(5)
  })

  test('tiles that are redirected to another origin load, and it gets no token', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    servers.intercept = ({ path }, response) => {
      response.writeHead(302, { ...CORS, location: `${servers.stranger}${path}` }).end()
      return true
    }
    await page.evaluate(addLayer)
    await healed(page)
    expect(servers.counts.exchanges).toBe(1)
    expect(servers.counts.leaked).toEqual([])
  })
})

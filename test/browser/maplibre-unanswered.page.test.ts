import type { ServerResponse } from 'node:http'
import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { everyKind, raster, styleOf } from '../support/pages/map-styles.ts'
import { test, VERSIONS } from '../support/pages/maplibre-test.ts'
import { healed } from '../support/pages/panning.ts'
import { CORS, listRequests, type Servers, waitForQuiet } from '../support/pages/servers.ts'

/** One map with tiles of another origin. */
const crossOrigin = ({ tiles }: Servers) => ({
  style: styleOf({ raster: raster(tiles) }),
  allow: [[`${tiles}/v1/`]],
})

/** As a server that forgets CORS headers on errors. */
function end(response: ServerResponse, status: number): true {
  response.writeHead(status, { 'cache-control': 'no-store' }).end('{}')
  return true
}

const renew = (page: Page) => page.evaluate(() => globalThis.managers[0].renew())
const findReported = (page: Page) =>
  page.evaluate(() => globalThis.reported.map(({ code }) => code))

describe.concurrent.each(VERSIONS)('MapLibre %s', (version) => {
  test('a refusal without CORS headers rejects the token, and everything loads with the next', async ({
    servers,
    openMap,
  }) => {
    let refused: string | undefined
    servers.intercept = ({ token }, response) => {
      refused ??= token
      return token === refused && end(response, 401)
    }
    const { page } = await openMap(version, {
      ...crossOrigin(servers),
      style: everyKind(servers.tiles),
    })
    await page.waitForFunction(() => globalThis.reported.length > 0)
    await healed(page)
    await page.waitForFunction(() => globalThis.map.hasImage('dot'))
    expect(servers.counts.exchanges).toBe(2)
    expect(await page.evaluate(() => globalThis.reported)).toMatchObject([
      {
        code: 'ERR_ANSWER_UNREADABLE',
        message: `${servers.tiles} answers without CORS headers for this page.`,
      },
    ])
  })

  test('missing tiles without CORS headers cost no token, and are asked for at most twice more', async ({
    servers,
    openMap,
  }) => {
    servers.intercept = ({ path }, response) => /\d*[02468]\.png$/.test(path) && end(response, 404)
    const { page } = await openMap(version, crossOrigin(servers))
    await waitForQuiet(servers)
    const asked = () => listRequests(servers, /raster/, 404).length
    const missing = await page.evaluate(() => globalThis.failed().length)
    const before = asked()
    expect(missing).toBeGreaterThan(0)
    // With two questions about the reason.
    expect(before).toBe(missing + 2)
    // Soon after the last time, a renewal repeats nothing; later one does, and no other.
    await page.evaluate(async () => {
      const [manager] = globalThis.managers
      await manager.renew()
      await manager.renew()
    })
    for (const times of [1, 2, 2]) {
      await waitForQuiet(servers)
      await waitForQuiet(servers)
      expect(asked()).toBe(before + missing * times)
      await renew(page)
    }
    expect(await findReported(page)).toEqual([])
    expect(servers.counts.exchanges).toBe(6)
  })

  test('tiles that were lost offline come at the next renewal', async ({ servers, openMap }) => {
    const { page } = await openMap(version, crossOrigin(servers), { isIsolated: true })
    await healed(page)
    await page.context().setOffline(true)
    await page.evaluate(() => globalThis.map.jumpTo({ center: [60, 20] }))
    await page.waitForFunction(() => globalThis.failed().length > 0 && globalThis.settled())
    await page.context().setOffline(false)
    await renew(page)
    await healed(page)
    expect(servers.counts.exchanges).toBe(2)
    expect(await findReported(page)).toEqual([])
  })

  test.for(['an ad blocker', 'a content security policy'])(
    '%s that stops every tile costs no token and is not taken for a refusal',
    async (blocker, { servers, openMap }) => {
      const isBlocked = blocker === 'an ad blocker'
      const { page } = await openMap(version, crossOrigin(servers), {
        prepare: (page) =>
          isBlocked
            ? page.route(`${servers.tiles}/**`, (route) => route.abort('blockedbyclient'))
            : page.route(`**/maplibre-${version}`, async (route) => {
                const response = await route.fetch()
                const policy = `connect-src 'self'; img-src 'self' data: blob:`
                const headers = { ...response.headers(), 'content-security-policy': policy }
                await route.fulfill({ response, headers })
              }),
      })
      await page.waitForFunction(() => globalThis.failed().length > 0)
      await renew(page)
      await waitForQuiet(servers)
      expect(servers.counts.exchanges).toBe(2)
      expect(await findReported(page)).toEqual([])
    },
  )

  test('a redirect to a server without CORS headers is named, and costs no token', async ({
    servers,
    openMap,
  }) => {
    servers.intercept = ({ path }, response) => {
      if (path.includes('/elsewhere/')) return end(response, 200)
      const location = servers.page.replace('127.0.0.1', 'localhost')
      response.writeHead(302, { ...CORS, location: `${location}/v1/elsewhere/1.png` }).end()
      return true
    }
    const { page } = await openMap(version, crossOrigin(servers))
    await page.waitForFunction(() => globalThis.reported.length > 0)
    expect(await page.evaluate(() => globalThis.reported)).toMatchObject([
      { message: `${servers.tiles} redirects to a server without CORS headers for this page.` },
    ])
    expect(servers.counts.exchanges).toBe(1)
  })
})

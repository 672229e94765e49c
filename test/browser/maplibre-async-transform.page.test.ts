import { describe, expect } from 'vitest'
import { everyKind, raster, styleOf } from '../support/pages/map-styles.ts'
import { test, VERSIONS } from '../support/pages/maplibre-test.ts'
import { healed, pan } from '../support/pages/panning.ts'
import { listRequests, waitForQuiet } from '../support/pages/servers.ts'

describe.concurrent.each(VERSIONS)('MapLibre %s, with an asynchronous transform', (version) => {
  test('every kind of resource loads, with its URL and headers and with the token', async ({
    servers,
    openMap,
  }) => {
    servers.lifetime = 1000
    // The application moves everything from one origin to the other.
    const transform = `async (url, type) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (!url.includes('/v1/')) return undefined
      return { url: url.replace('${servers.page}', '${servers.tiles}'), headers: { 'x-mine': type } }
    }`
    const { page, printed } = await openMap(version, {
      style: everyKind(servers.page),
      allow: [[`${servers.tiles}/v1/`]],
      transform,
    })
    await pan(page, 2500)
    await healed(page)
    await page.waitForFunction(() => globalThis.map.hasImage('dot'))
    expect(servers.counts.exchanges).toBeGreaterThan(1)
    // Only requests with a header of their own, to another origin, cause preflights.
    expect(servers.counts.preflights).toBeGreaterThan(0)
    expect(printed).toEqual([])
    expect(servers.counts.leaked).toEqual([])
  })

  test('a URL that it makes of no private one goes out without a token', async ({
    servers,
    openMap,
  }) => {
    const transform = `async (url) => ({ url: url.replace('${servers.page}/v1', '${servers.stranger}') })`
    const { page, printed } = await openMap(version, {
      style: styleOf({ raster: raster(servers.page) }),
      transform,
    })
    await healed(page)
    expect(listRequests(servers, /raster/)).toEqual([])
    expect(servers.counts.leaked).toEqual([])
    expect(printed).toEqual([])
  })

  test('its rejection is an error of the map with its own message, and no refusal', async ({
    servers,
    openMap,
  }) => {
    const { page } = await openMap(version, {
      style: styleOf({ raster: raster(servers.page) }),
      transform: `async () => { throw Object.assign(new Error('No signature today'), { status: 401 }) }`,
      listen: true,
    })
    await page.waitForFunction(() => globalThis.heard.length > 0)
    await waitForQuiet(servers)
    const heard = await page.evaluate(() =>
      globalThis.heard.map(({ message, status }) => ({ message, status })),
    )
    for (const { message, status } of heard) {
      expect(message).toContain('No signature today')
      expect(status).toBeUndefined()
    }
    expect(servers.counts.exchanges).toBe(1)
    expect(servers.log).toEqual([])
  })

  test('refused tiles load with the next token', async ({ servers, openMap }) => {
    const { page, printed } = await openMap(version, {
      style: styleOf({ raster: raster(servers.page) }),
      transform: 'async (url) => ({ url })',
    })
    await healed(page)
    servers.issuer.revokeAll()
    await pan(page, 600)
    await healed(page)
    expect(servers.counts.exchanges).toBe(2)
    expect(printed).toEqual([])
  })

  test('for other schemes it must be synchronous, and says so', async ({ servers, openMap }) => {
    const { page } = await openMap(version, {
      style: styleOf({ raster: { ...raster(servers.page), tiles: ['other://{z}/{x}/{y}'] } }),
      transform: 'async (url) => ({ url })',
      listen: true,
    })
    await page.waitForFunction(() => globalThis.heard.length > 0)
    const messages = await page.evaluate(() => globalThis.heard.map(({ message }) => message))
    expect(messages[0]).toMatch(/^"transformRequest" must be synchronous for other:\/\//)
  })
})

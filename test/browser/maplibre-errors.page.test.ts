import { describe, expect } from 'vitest'
import { CORNERS, everyKind, raster, styleOf } from '../support/pages/map-styles.ts'
import { test, VERSIONS } from '../support/pages/maplibre-test.ts'
import { pan, settle } from '../support/pages/panning.ts'
import { listRequests } from '../support/pages/servers.ts'

describe.concurrent.each(VERSIONS)('MapLibre %s', (version) => {
  test('a token in the query is neither in the style nor in an error', async ({
    servers,
    openMap,
  }) => {
    const { page } = await openMap(version, {
      style: everyKind(servers.page),
      allow: [[{ prefix: '/v1/', attach: { query: 'ticket' } }]],
      listen: true,
    })
    // The server does not know this parameter, so it refuses everything.
    await page.waitForFunction(() => globalThis.heard.length > 5)
    const { style, heard } = await page.evaluate(() => ({
      style: JSON.stringify(globalThis.map.getStyle()),
      heard: globalThis.heard,
    }))
    expect(style).not.toContain('canary')
    expect(heard.length).toBeGreaterThan(0)
    expect(JSON.stringify(heard)).not.toContain('canary')
  })

  test('a host that no rule names never gets a token', async ({ servers, openMap }) => {
    const { page } = await openMap(version, {
      style: styleOf(
        {
          raster: raster(servers.page),
          basemap: raster(servers.stranger),
          vector: { type: 'vector', tiles: [`${servers.stranger}/v1/{z}/{x}/{y}.mvt`] },
          json: { type: 'geojson', data: `${servers.stranger}/v1/data.geojson` },
        },
        { sprite: `${servers.stranger}/v1/sprite` },
      ),
      listen: true,
    })
    await settle(page)
    servers.issuer.revokeAll()
    await pan(page, 500)
    await settle(page)
    expect(listRequests(servers, /raster/, 200).length).toBeGreaterThan(0)
    expect(servers.counts.leaked).toEqual([])
  })

  test('a 401 outside the list is reported as such, and other errors are printed as usual', async ({
    servers,
    openMap,
  }) => {
    const { page, printed } = await openMap(version, {
      style: styleOf({
        dem: { ...raster(servers.page, 'dem'), type: 'raster-dem' },
        json: { type: 'geojson', data: `${servers.page}/v1/missing/data.geojson` },
      }),
      allow: [['/v1/raster/']],
    })
    await page.waitForFunction(() => globalThis.reported.length > 0)
    expect(await page.evaluate(() => globalThis.reported)).toEqual([
      {
        code: 'ERR_URL_NOT_ALLOWED',
        message: expect.stringMatching(
          `"${servers.page}/v1/raster/": path /v1/(dem|missing) is not /v1/raster.$`,
        ),
      },
    ])
    await settle(page)
    expect(printed.length).toBeGreaterThan(0)
    printed.length = 0
    await page.evaluate(() => {
      globalThis.map.on('error', () => {})
      globalThis.map.jumpTo({ center: [60, 20] })
    })
    await settle(page)
    expect(printed).toEqual([])
  })

  test('a video without a token is an error of the map and nothing uncaught', async ({
    servers,
    openMap,
  }) => {
    const video = {
      type: 'video',
      urls: [`${servers.page}/v1/video.mp4`],
      coordinates: CORNERS,
    }
    const { page, printed } = await openMap(version, { style: styleOf({ video }), listen: true })
    await page.waitForFunction(() => globalThis.heard.length > 0)
    expect((await page.evaluate(() => globalThis.heard))[0]?.message).toContain('video')
    expect(printed).toEqual([])
  })
})

import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { COMBINATIONS, test } from '../support/pages/leaflet-test.ts'

describe.concurrent.each(COMBINATIONS)('$library, $mode', ({ version, mode }) => {
  test('a refusal beside "allow" is reported once, after one request more; open tiles cost none', async ({
    openLeaflet,
  }) => {
    const { page, servers } = await openLeaflet(version, mode)
    const fetched: string[] = []
    page.on('request', (request) => {
      if (request.resourceType() === 'fetch') fetched.push(request.url())
    })
    await page.evaluate(() => {
      const { L, T, map, tokens, url, openUrl } = window
      globalThis.reported = []
      tokens.on('error', ({ code, message }) => globalThis.reported.push({ code, message }))
      const mistyped = url.replace('/v1/', '/v10/')
      window.layer = T.createTileLayer(L.TileLayer, mistyped, { tokens }).addTo(map)
      T.createTileLayer(L.TileLayer, openUrl, { tokens }).addTo(map)
    })
    const place = `^${servers.tiles}/v10/raster/\\d.* answered 401`
    await eventually(async () =>
      expect(await page.evaluate(() => globalThis.reported)).toEqual([
        {
          code: 'ERR_URL_NOT_ALLOWED',
          message: expect.stringMatching(
            `${place}, .* is "${servers.tiles}/v1/": path /v10 is not /v1.$`,
          ),
        },
      ]),
    )
    await page.waitForFunction(() => globalThis.settled())
    expect(fetched.map((url) => url.replace(/\d+\/\d+\/\d+\.png/, ''))).toEqual([
      `${servers.tiles}/v10/raster/`,
    ])
  })
})

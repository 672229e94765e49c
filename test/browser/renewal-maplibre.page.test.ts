import { describe, expect } from 'vitest'
import { everyKind } from '../support/pages/map-styles.ts'
import { test, VERSIONS } from '../support/pages/maplibre-test.ts'
import { healed, pan, settle } from '../support/pages/panning.ts'
import { resetCounts, type Servers } from '../support/pages/servers.ts'

const CASES = VERSIONS.flatMap((version) =>
  [
    { origin: 'same', attach: 'header' },
    { origin: 'other', attach: 'header' },
    { origin: 'other', attach: 'query' },
  ].map((travel) => ({ version, ...travel })),
)

describe.concurrent.each(CASES)('MapLibre $version, $origin origin, $attach', (travel) => {
  const { version, origin, attach } = travel
  // Current versions pan for the full time with a header; the others show the same in less time.
  const duration = attach === 'header' && version > 4 ? 20_000 : 6000

  const createSetup = (servers: Servers) => {
    const base = origin === 'same' ? servers.page : servers.tiles
    const prefix = origin === 'same' ? '/v1/' : `${base}/v1/`
    const rule = attach === 'header' ? prefix : { prefix, attach: { query: 'access_token' } }
    return { style: everyKind(base), allow: [[rule]], map: { zoom: 5 } }
  }

  test(`tokens of 2 s are renewed during ${duration / 1000} s of panning, and no tile fails`, async ({
    servers,
    openMap,
    annotate,
  }) => {
    servers.lifetime = 2000
    const start = performance.now()
    const { page, printed } = await openMap(version, createSetup(servers))
    await pan(page, duration)
    await settle(page)
    const time = performance.now() - start
    const { exchanges, tiles, refused } = servers.counts
    await annotate(`${tiles} requests, ${exchanges} exchanges, ${refused} × 401`)
    expect(await page.evaluate(() => globalThis.failed())).toEqual([])
    expect(printed).toEqual([])
    expect(tiles).toBeGreaterThan(50)
    // The margin is 20 %, the jitter at most 10 %.
    expect(exchanges).toBeLessThanOrEqual(time / (2000 * 0.7) + 1)
  })

  test('a revoked token is renewed once, and only failed tiles are requested again', async ({
    servers,
    openMap,
  }) => {
    const { page, printed } = await openMap(version, createSetup(servers))
    await settle(page)
    servers.issuer.revokeAll()
    resetCounts(servers)
    await pan(page, 1500)
    await settle(page)
    await healed(page)
    const { exchanges, refused } = servers.counts
    expect(refused).toBeGreaterThan(0)
    expect(exchanges).toBe(1)
    expect(printed).toEqual([])
  })
})

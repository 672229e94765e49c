import { describe, expect } from 'vitest'
import { everyKind } from '../support/pages/map-styles.ts'
import { test, VERSIONS } from '../support/pages/maplibre-test.ts'
import { expectRecovery, expectRenewal, LIFETIME } from '../support/pages/renewal.ts'
import type { Servers } from '../support/pages/servers.ts'

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

  test(`tokens of ${LIFETIME / 1000} s are renewed during ${duration / 1000} s of panning, and no tile fails`, async ({
    servers,
    openMap,
    annotate,
  }) => {
    servers.lifetime = LIFETIME
    const start = performance.now()
    const { page, printed } = await openMap(version, createSetup(servers))
    await annotate(await expectRenewal({ page, servers }, duration, start))
    expect(printed).toEqual([])
  })

  test('a revoked token is renewed once, and only failed tiles are requested again', async ({
    servers,
    openMap,
  }) => {
    const { page, printed } = await openMap(version, createSetup(servers))
    await expectRecovery({ page, servers })
    expect(printed).toEqual([])
  })
})

import { expect, test } from 'vitest'
import type { MapboxCheck } from '../../../src/issuer/mapbox/check.ts'
import { createTileVerifier } from '../../../src/issuer/mapbox/tile-verifier.ts'
import { StoreUnavailableError } from '../../../src/store/errors.ts'
import { rememberForOutages } from '../../../src/store/outage-memory.ts'
import { NOW } from '../../support/broker-under-test.ts'

const END = NOW / 1000 + 60
const VALID: MapboxCheck = {
  code: 'TokenValid',
  parsed: {
    usage: 'tk',
    isGenuine: true,
    payload: { u: 'city', iat: NOW / 1000, exp: END, scopes: ['styles:tiles'], client: 'api' },
  },
  bearer: {
    ...{ usage: 'tk', account: { name: 'city', orgId: 'org_1', email: undefined }, id: undefined },
    ...{ iat: NOW / 1000, exp: END, scopes: ['styles:tiles'], allowedUrls: [] },
  },
}

test('T6: a temporary token ends in time while the database is away', async () => {
  let now = NOW
  let isAway = false
  const check = rememberForOutages({ knownFor: 10_000 }, async () => {
    if (isAway) throw new StoreUnavailableError()
    return VALID
  })
  const others = { recall: () => undefined, verify: () => Promise.reject(new Error('not ours')) }
  const issuer = { url: 'https://maps.example', meter: undefined, now: () => now }
  const verify = () => createTileVerifier(others, check, issuer).verify('tk.e30.e30')
  expect(await verify()).toMatchObject({ exp: END })
  isAway = true
  now = END * 1000 - 1
  expect(await verify()).toMatchObject({ exp: END })
  now++
  await expect(verify()).rejects.toMatchObject({ name: 'TokenExpiredError' })
})

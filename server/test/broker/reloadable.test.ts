import { expect, test } from 'vitest'
import { planReload } from '../../src/broker/reloadable.ts'
import { parseBrokerConfig } from '../../src/config/parse.ts'
import type { BrokerSettings } from '../../src/index.ts'

const plan = (before: BrokerSettings, after: BrokerSettings) =>
  planReload(parseBrokerConfig(before), parseBrokerConfig(after))

const grant = { account: 'city', scope: 'tiles:read' }

test.each<[string, BrokerSettings]>([
  ['grants', { grants: { default: grant } }],
  ['upstreams', { upstreams: { own: async () => ({ token: 'a', expiresInSeconds: 1 }) } }],
  ['budgets', { budgets: { tilesPerToken: 5 } }],
  ['mapTokenPerMinute', { mapTokenPerMinute: 5 }],
  ['downloadTokensPerMinute', { downloadTokensPerMinute: 5 }],
  ['mapbox.requestsPerMinute', { mapbox: { requestsPerMinute: 5 } }],
  ['login.perMinute', { login: { perMinute: 5 } }],
  ['login.addressPerMinute', { login: { addressPerMinute: 5 } }],
  ['geog.tilesPerDay', { geog: { tilesPerDay: 5 } }],
  ['logTiles', { logTiles: 0.5 }],
  ['drainSeconds', { drainSeconds: 5 }],
])('%s counts at once, and may be taken back', (_, settings) => {
  expect(plan({}, settings)).toEqual({ config: parseBrokerConfig(settings), needRestart: [] })
  expect(plan(settings, {})).toEqual({ config: parseBrokerConfig({}), needRestart: [] })
})

test.each<[string, BrokerSettings]>([
  ['data', { data: '/elsewhere' }],
  ['issuer', { issuer: 'https://maps.example' }],
  ['publicUrl', { publicUrl: 'https://maps.example' }],
  ['trustProxy', { trustProxy: ['loopback'] }],
  ['metrics', { metrics: {} }],
  ['verify', { verify: { peers: ['loopback'] } }],
  ['surfaces', { surfaces: { mapbox: false } }],
  ['tilesets', { tilesets: { world: { path: 'world.pmtiles' } } }],
  ['audit', { audit: { retentionDays: 5 } }],
  ['demo', { demo: true }],
  ['geog.places', { geog: { places: 'places.geojson' } }],
  ['login.sessionSeconds', { login: { sessionSeconds: 5 } }],
])('%s needs a restart, and is named', (name, settings) => {
  expect(plan({}, settings)).toEqual({ config: parseBrokerConfig({}), needRestart: [name] })
})

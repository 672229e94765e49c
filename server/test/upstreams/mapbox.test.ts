import { beforeAll, expect, test } from 'vitest'
import { readClaims } from '../support/broker-under-test.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
  WORLD,
} from '../support/second-broker.ts'

setUpSecondBrokers()

let mapbox: SecondBroker
const createSecretToken = (scope: string) =>
  mapbox.cli('token', 'create', '--account', 'city', '--format', 'mapbox', '--scope', scope)

beforeAll(async () => {
  mapbox = await startSecondBroker({ tilesets: { world: { path: WORLD } } })
})

const relay = async (secret: string, expiresInSeconds?: number) =>
  startRelay({
    upstreams: { mapbox: { kind: 'mapbox', url: mapbox.url, token: writeSecret(secret).source } },
    grants: {
      default: {
        upstream: 'mapbox',
        scope: 'styles:tiles styles:read',
        ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
      },
    },
  })

const FULL = 'tokens:write styles:tiles styles:read fonts:read'

test('a page gets a temporary token with the scopes of its grant, which opens tiles', async () => {
  const { post } = await relay(await createSecretToken(FULL))
  const body = await (await post('/map-token')).json()
  expect(body).toMatchObject({ token_type: 'Bearer', scope: 'styles:tiles styles:read' })
  expect(body.access_token).toMatch(/^tk\./)
  expect(readClaims(body.access_token).scopes).toEqual(['styles:tiles', 'styles:read'])
  const tile = `${mapbox.url}/v1/tiles/world/0/0/0.mvt?access_token=${body.access_token}`
  expect((await fetch(tile)).status).toBe(200)
})

test('without a lifetime a token lasts an hour less ten seconds, because clocks differ', async () => {
  const { post } = await relay(await createSecretToken(FULL))
  const body = await (await post('/map-token')).json()
  expect(body.expires_in).toBeGreaterThan(3_570)
  expect(body.expires_in).toBeLessThanOrEqual(3_590)
})

test('the lifetime is that of the grant, and ends no later than the token', async () => {
  const { post } = await relay(await createSecretToken(FULL), 120)
  const askedAt = Date.now()
  const body = await (await post('/map-token')).json()
  expect(body.expires_in).toBeGreaterThan(100)
  const { exp } = readClaims(body.access_token)
  expect(askedAt + body.expires_in * 1000).toBeLessThanOrEqual(Number(exp) * 1000)
})

test.each([
  ['may not create tokens', 'styles:tiles styles:read uploads:read', 'returned 404'],
  ['lacks a scope of the grant', 'tokens:write styles:tiles', 'returned 422'],
])('a secret token that %s is an error for the operator', async (_, scope, reason) => {
  const { post, logged } = await relay(await createSecretToken(scope))
  const response = await post('/map-token')
  expect([response.status, (await response.json()).error]).toEqual([502, 'upstream_refused'])
  expect(logged()).toContain(reason)
})

test('a secret that is not a secret token is not sent anywhere', async () => {
  const { post, logged } = await relay('pk.eyJ1IjoiY2l0eSJ9.canary-canary')
  expect((await post('/map-token')).status).toBe(502)
  expect(logged()).toContain('not a secret Mapbox token')
  expect(logged()).not.toContain('canary')
})

import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { answerWith, type Fault, type FaultProxy, hangUp, startFaultProxy } from './fault-proxy.ts'
import { startRelay, writeSecret } from './relay-under-test.ts'
import { type SecondBroker, setUpSecondBrokers, startSecondBroker } from './second-broker.ts'

setUpSecondBrokers()

/** Secrets that are nowhere to be seen: each is good ASCII, and of a form that its API takes. */
const CANARY = 'canary0123456789canary'
const payload = Buffer.from(JSON.stringify({ u: 'city', a: CANARY })).toString('base64url')
const MAPBOX = `sk.${payload}.${CANARY}`

let api: SecondBroker
let proxy: FaultProxy

beforeAll(async () => {
  api = await startSecondBroker()
})
beforeEach(async () => {
  proxy = await startFaultProxy(() => api.url)
  onTestFinished(() => proxy.close())
})

/** What an upstream may do with what it was sent: say it again, wherever it can. */
const repeat =
  (status: number): Fault =>
  (incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    incoming.on('end', () => {
      const said = JSON.stringify([incoming.url, incoming.headers, body])
      outgoing
        .writeHead(status, {
          'content-type': 'application/json',
          location: `/${encodeURIComponent(said)}`,
        })
        .end(
          JSON.stringify({
            error: said,
            error_description: said,
            message: said,
            scope: said,
            token_type: said,
          }),
        )
    })
  }

const faults: readonly (Fault | undefined)[] = [
  undefined,
  hangUp,
  ...[200, 302, 400, 401, 403, 404, 422, 429, 500, 503].map(repeat),
  answerWith(200, { 'content-type': 'application/json' }, `{"${CANARY}`),
]

test('U1: no long-lived credential in any log line, error body or report, whatever the upstream does with it', async () => {
  const { url } = proxy
  const { source } = writeSecret(CANARY)
  const id = '11111111-1111-4111-8111-111111111111'
  const relay = await startRelay({
    env: { CANARY, MAPBOX, NAME: 'city' },
    upstreams: {
      geog: { kind: 'geog', url, token: source },
      mapbox: { kind: 'mapbox', url, token: { env: 'MAPBOX' } },
      geolens: { kind: 'geolens', url, apiKey: { env: 'CANARY' } },
      bearer: { kind: 'geolens', url, token: () => CANARY },
      login: { kind: 'login', url, username: { env: 'NAME' }, password: { env: 'CANARY' } },
      basic: { kind: 'oauth', tokenUrl: `${url}/oauth/token`, clientId: 'x', clientSecret: source },
      post: {
        kind: 'oauth',
        tokenUrl: `${url}/oauth/token`,
        clientId: 'x',
        clientSecret: source,
        clientAuthentication: 'post',
      },
      exchange: { kind: 'oauth', tokenUrl: `${url}/oauth/token`, subjectToken: source },
    },
    grants: {
      geog: { upstream: 'geog', scope: 'tiles:read' },
      mapbox: { upstream: 'mapbox', scope: 'styles:read' },
      geolens: { upstream: 'geolens', datasets: [id] },
      bearer: { upstream: 'bearer', datasets: [id] },
      login: { upstream: 'login' },
      basic: { upstream: 'basic' },
      post: { upstream: 'post' },
      exchange: { upstream: 'exchange' },
    },
  })
  const names = ['geog', 'mapbox', 'geolens', 'bearer', 'login', 'basic', 'post', 'exchange']
  let said = ''
  for (const fault of faults) {
    proxy.fault = fault
    // Past whatever the last fault made the broker wait for.
    relay.skip(700_000)
    for (const name of names) {
      const response = await relay.ask(name)
      expect([502, 503]).toContain(response.status)
      said += JSON.stringify([...response.headers]) + (await response.text())
    }
    said += await (await fetch(`${relay.url}/readyz`)).text()
  }
  expect(proxy.count()).toBeGreaterThan(faults.length * names.length * 0.8)
  const logged = relay.logged()
  expect(logged.split('an upstream gives no token').length).toBeGreaterThan(50)
  const basic = Buffer.from(`x:${CANARY}`).toString('base64')
  for (const secret of [CANARY, MAPBOX, payload, basic, encodeURIComponent(MAPBOX)])
    for (const place of [said, logged, api.printed()]) expect(place).not.toContain(secret)
})

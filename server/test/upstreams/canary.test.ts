import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import {
  answerWith,
  type Fault,
  type FaultProxy,
  hangUp,
  startFaultProxy,
} from '../support/fault-proxy.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

/** Secrets that must not appear anywhere: each is ASCII, and has a form that its API accepts. */
const CANARY = 'canary0123456789canary'
// The id in a token is no secret: lists show it, and the log of a refusal.
const payload = Buffer.from(JSON.stringify({ u: 'city', a: 'cl0123' })).toString('base64url')
const BASIC = Buffer.from(`x:${CANARY}`).toString('base64')
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

/** Echoes the request in every part of the response. */
const repeat =
  (status: number): Fault =>
  (incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    incoming.on('end', () => {
      const echoed = JSON.stringify([incoming.url, incoming.headers, body])
      outgoing
        .writeHead(status, {
          'content-type': 'application/json',
          location: `/${encodeURIComponent(echoed)}`,
        })
        .end(
          JSON.stringify({
            error: echoed,
            error_description: echoed,
            message: echoed,
            scope: echoed,
            token_type: echoed,
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

/** Echoes a part of the request as the token or the scope of an otherwise good response. */
const echo =
  (field: 'token' | 'scope', pick: (sent: readonly string[]) => string): Fault =>
  async (incoming, outgoing) => {
    let body = ''
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk
    const { searchParams } = new URL(`http://x${incoming.url}`)
    const json: unknown = body.startsWith('{') ? JSON.parse(body) : {}
    const sent = [
      ...[incoming.headers.authorization, incoming.headers['x-api-key']].map(String),
      ...searchParams.values(),
      ...(body.startsWith('{') ? [] : new URLSearchParams(body).values()),
      ...Object.values(Object(json)).map(String),
    ]
    const echoed = pick(sent.map((text) => text.replace(/^\w+ /, '')))
    const token = field === 'token' ? echoed : 'opaque'
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        token,
        access_token: token,
        refresh_token: 'other',
        expires_in: 60,
        ...(field === 'scope' ? { scope: echoed } : {}),
      }),
    )
  }

const isSecret = (text: string) =>
  [text, Buffer.from(text, 'base64').toString()].some((form) => form.includes(CANARY))
const echoes: readonly (readonly [string, Fault])[] = (['token', 'scope'] as const).flatMap(
  (field) => [
    [`${field}: the secret`, echo(field, (sent) => sent.find(isSecret) ?? MAPBOX)],
    [`${field}: the secret among more`, echo(field, (sent) => `a-${sent.find(isSecret)}-b`)],
    [
      `${field}: a JWT with the secret`,
      echo(field, (sent) => {
        const claims = JSON.stringify({ sent: sent.find(isSecret) })
        return `e30.${Buffer.from(claims).toString('base64url')}.c2ln`
      }),
    ],
  ],
)

async function startCanaries() {
  const { url } = proxy
  const { source } = writeSecret(CANARY)
  const id = '11111111-1111-4111-8111-111111111111'
  return startRelay({
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
}

const NAMES = ['geog', 'mapbox', 'geolens', 'bearer', 'login', 'basic', 'post', 'exchange']

test('U1: no long-lived credential is in any log line, error body or report, whatever the upstream does with it', async () => {
  const relay = await startCanaries()
  let received = ''
  for (const fault of faults) {
    proxy.fault = fault
    // Past every wait that the last fault caused.
    relay.skip(700_000)
    for (const name of NAMES) {
      const response = await relay.ask(name)
      expect([502, 503]).toContain(response.status)
      received += JSON.stringify([...response.headers]) + (await response.text())
    }
    received += await (await fetch(`${relay.url}/readyz`)).text()
  }
  expect(proxy.count()).toBeGreaterThan(faults.length * NAMES.length * 0.8)
  const logged = relay.logged()
  expect(logged.split('upstream gave no token').length).toBeGreaterThan(50)
  for (const secret of [CANARY, MAPBOX, payload, BASIC, encodeURIComponent(MAPBOX)])
    for (const place of [received, logged, api.printed()]) expect(place).not.toContain(secret)
})

test.each(echoes)(
  'U1: an otherwise good response that echoes the credential (%s) is not relayed',
  async (what, fault) => {
    const relay = await startCanaries()
    proxy.fault = fault
    for (const name of NAMES) {
      const response = await relay.ask(name)
      const text = await response.text()
      // A login has no scope, so that a scope in its response is ignored.
      const isUnread = name === 'login' && what.startsWith('scope')
      expect([name, response.status]).toEqual([name, isUnread ? 200 : 502])
      for (const secret of [CANARY, MAPBOX, payload, BASIC])
        for (const place of [text, relay.logged()]) expect(place).not.toContain(secret)
    }
    expect(relay.logged()).toContain('response echoed the credential')
  },
)

test('U1: the credential before the current one is not relayed either', async () => {
  const file = writeSecret(CANARY)
  const relay = await startRelay({
    upstreams: { geog: { kind: 'geog', url: proxy.url, token: file.source } },
    grants: { unshared: { upstream: 'geog', scope: 'a', shared: false } },
  })
  const json = { 'content-type': 'application/json' }
  const body = (token: string) => JSON.stringify({ access_token: token, expires_in: 60 })
  proxy.fault = answerWith(200, json, body('opaque'))
  expect((await relay.ask('unshared')).status).toBe(200)
  file.replace('another0123456789')
  relay.skip(1_000)
  proxy.fault = answerWith(200, json, body(CANARY))
  expect((await relay.ask('unshared')).status).toBe(502)
})

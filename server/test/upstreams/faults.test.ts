import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  answerWith,
  type FaultProxy,
  hangUp,
  passOn,
  startFaultProxy,
  staySilent,
} from '../support/fault-proxy.ts'
import { type RelayUnderTest, startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

let geog: SecondBroker
let token: string
let proxy: FaultProxy
let relay: RelayUnderTest

beforeAll(async () => {
  geog = await startSecondBroker()
  token = await geog.cli(
    'token',
    'create',
    '--account',
    'city',
    '--scope',
    'tiles:read places:read',
  )
})

beforeEach(async () => {
  proxy = await startFaultProxy(() => geog.url)
  onTestFinished(() => proxy.close())
  relay = await startGeogRelay(1)
})

function startGeogRelay(timeoutSeconds: number): Promise<RelayUnderTest> {
  const source = { url: proxy.url, token: writeSecret(token).source, timeoutSeconds }
  return startRelay({
    upstreams: { geog: { kind: 'geog', ...source } },
    grants: {
      shared: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60 },
      unshared: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60, shared: false },
    },
  })
}

const html = answerWith(200, { 'content-type': 'text/html' }, '<h1>Sign in</h1>')
const json = (body: object) =>
  answerWith(200, { 'content-type': 'application/json' }, JSON.stringify(body))
const good = { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, scope: 'tiles:read' }
const redirect = answerWith(307, { location: 'http://127.0.0.1:9/' })
const tooBig = json({ ...good, more: 'x'.repeat(70_000) })
const jwt = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
const seconds = () => Math.floor(Date.now() / 1000)
const expired = json({
  ...good,
  access_token: jwt({ iat: seconds() - 60, exp: seconds() - 1 }),
})

const temporary = [
  ['hangs up', hangUp],
  ['stays silent', staySilent],
  ['returns 500', answerWith(500)],
  ['returns 503 in HTML', answerWith(503, { 'content-type': 'text/html' }, '<h1>Down</h1>')],
  ['returns 429 with Retry-After', answerWith(429, { 'retry-after': '7' })],
] as const

const lasting = [
  ['returns HTML', html, 'response is not JSON'],
  ['redirects', redirect, 'returned 307; redirects are not followed'],
  ['returns more than 64 KiB', tooBig, 'response is longer than 65536 bytes'],
  [
    'returns malformed JSON',
    answerWith(200, { 'content-type': 'application/json' }, '{'),
    'response is not a JSON object',
  ],
  [
    'returns a list',
    answerWith(200, { 'content-type': 'application/json' }, '[]'),
    'response is not a JSON object',
  ],
  [
    'returns gzip',
    answerWith(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}'),
    'response has a content encoding that was not requested',
  ],
  [
    'returns no token',
    json({ ...good, access_token: undefined }),
    'response has no token of visible ASCII characters',
  ],
  [
    'returns a token that no header can carry',
    json({ ...good, access_token: 'a\nb' }),
    'response has no token of visible ASCII characters',
  ],
  [
    'returns a token of another type',
    json({ ...good, token_type: 'DPoP' }),
    'token type is not Bearer',
  ],
  [
    'returns no lifetime',
    json({ ...good, expires_in: null }),
    'response has no lifetime in seconds',
  ],
  [
    'returns a negative lifetime',
    json({ ...good, expires_in: -1 }),
    'response has no lifetime in seconds',
  ],
  [
    'returns a token that lasts longer than requested',
    json({ ...good, expires_in: 31_536_000 }),
    'token lasts longer than requested',
  ],
  ['returns an expired token', expired, 'token has expired'],
  [
    'returns a larger scope',
    json({ ...good, scope: 'tiles:read admin:access' }),
    'response has more scope than requested',
  ],
  [
    'returns a token with a larger scope',
    json({ ...good, access_token: jwt({ scope: 'tiles:read admin:access' }) }),
    'token has more scope than requested',
  ],
] as const

describe('without a token to hand out', () => {
  test.each(temporary)('an upstream that %s is 503 with Retry-After', async (_, fault) => {
    proxy.fault = fault
    const response = await relay.ask('shared')
    expect([response.status, (await response.json()).error]).toEqual([
      503,
      'temporarily_unavailable',
    ])
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(7)
  })

  test.each(lasting)(
    'U2: an upstream that %s is 502, and the log has the reason',
    async (_, fault, reason) => {
      proxy.fault = fault
      const response = await relay.ask('shared')
      expect([response.status, (await response.json()).error]).toEqual([502, 'upstream_invalid'])
      expect(relay.logged()).toContain(`"upstream":"geog","grant":"shared","reason":"${reason}"`)
      expect(proxy.count()).toBe(1)
    },
  )

  test('after a useless response the next request is sent a second later', async () => {
    proxy.fault = html
    expect((await relay.ask('shared')).status).toBe(502)
    proxy.fault = undefined
    expect((await relay.ask('shared')).status).toBe(502)
    expect(proxy.count()).toBe(1)
    relay.skip(1_000)
    expect((await relay.ask('shared')).status).toBe(200)
  })
})

describe('while the token of a shared grant is valid', () => {
  test.each([...temporary, ...lasting.map(([name, fault]) => [name, fault] as const)])(
    'an upstream that %s changes nothing for pages',
    async (_, fault) => {
      const first = await (await relay.ask('shared')).json()
      relay.skip(31_000)
      proxy.fault = fault
      const response = await relay.ask('shared')
      const body = await response.json()
      expect([response.status, body.access_token]).toEqual([200, first.access_token])
      expect(body.expires_in).toBeLessThanOrEqual(29)
    },
  )

  test('a slow upstream is waited for no longer than 2 s, and its response serves the next page', async () => {
    const patient = await startGeogRelay(60)
    const first = await (await patient.ask('shared')).json()
    patient.skip(31_000)
    const held: (() => void)[] = []
    proxy.fault = (incoming, outgoing) =>
      held.push(() => passOn(incoming, outgoing, geog.url, undefined))
    const askedAt = performance.now()
    const second = await (await patient.ask('shared')).json()
    expect(performance.now() - askedAt).toBeLessThan(4_000)
    expect(second.access_token).toBe(first.access_token)
    for (const answer of held) answer()
    const askAgain = async () => (await (await patient.ask('shared')).json()).access_token
    await expect.poll(askAgain, { timeout: 10_000 }).not.toBe(first.access_token)
    expect(held).toHaveLength(1)
  })

  test('an expired token is not handed out', async () => {
    await relay.ask('shared')
    relay.skip(60_500)
    proxy.fault = answerWith(500)
    expect((await relay.ask('shared')).status).toBe(503)
  })
})

describe('an upstream is not overloaded', () => {
  test('a temporary failure is attempted three times', async () => {
    proxy.fault = answerWith(500)
    await relay.ask('shared')
    expect(proxy.count()).toBe(3)
  })

  test('a failure that a retry fixes is not reported', async () => {
    proxy.fault = (incoming, outgoing) => {
      proxy.fault = undefined
      hangUp(incoming, outgoing)
    }
    expect((await relay.ask('shared')).status).toBe(200)
  })

  test('nothing is sent before Retry-After has passed, and pages get the rest of it', async () => {
    proxy.fault = answerWith(429, { 'retry-after': '7' })
    await relay.ask('shared')
    proxy.fault = undefined
    relay.skip(3_000)
    const early = await relay.ask('unshared')
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '4'])
    expect(proxy.count()).toBe(1)
    relay.skip(4_000)
    expect((await relay.ask('unshared')).status).toBe(200)
  })

  test.each([429, 500, 302])('%s counts before its body has ended', async (status) => {
    const patient = await startGeogRelay(60)
    proxy.fault = (_, outgoing) => {
      outgoing.writeHead(status, { 'retry-after': '7' }).write('a')
    }
    expect((await patient.ask('unshared')).status).toBe(status === 302 ? 502 : 503)
  })

  test('a refusal with a long body is a refusal without a code', async () => {
    proxy.fault = answerWith(401, {}, 'x'.repeat(70_000))
    expect((await (await relay.ask('unshared')).json()).error).toBe('upstream_refused')
    expect(relay.logged()).toContain('"reason":"returned 401"')
  })

  test('after six failures in a row it is not asked for 5 s', async () => {
    proxy.fault = answerWith(500)
    for (let round = 0; round < 4; round += 1) await relay.ask('unshared')
    expect(proxy.count()).toBe(6)
    const response = await relay.ask('unshared')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  })
})

describe('a clock that is set back', () => {
  test('does not extend the lifetime of a token', async () => {
    const first = await (await relay.ask('shared')).json()
    relay.skip(-3_600_000)
    const response = await relay.ask('shared')
    expect(response.status).toBe(200)
    expect((await response.json()).access_token).not.toBe(first.access_token)
  })

  test.each([
    [503, answerWith(429, { 'retry-after': '600' })],
    [502, answerWith(401)],
  ])('does not extend a wait (%s)', async (status, fault) => {
    proxy.fault = fault
    expect((await relay.ask('unshared')).status).toBe(status)
    proxy.fault = undefined
    relay.skip(-3_600_000)
    expect((await relay.ask('unshared')).status).toBe(200)
  })
})

describe('401 and 403 are errors for the operator', () => {
  test.each([401, 403])(
    '%s: a clear 502, a log without the secret, and /readyz names the upstream',
    async (status) => {
      const challenge = { 'content-type': 'application/json' }
      proxy.fault = answerWith(status, challenge, JSON.stringify({ error: token, echo: token }))
      const response = await relay.ask('shared')
      const text = await response.text()
      expect([response.status, JSON.parse(text).error]).toEqual([502, 'upstream_refused'])
      expect(relay.logged()).toContain(`"reason":"returned ${status}"`)
      for (const place of [text, relay.logged()]) expect(place).not.toContain(token)
      const ready = await fetch(`${relay.url}/readyz`)
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { status: 'degraded', upstreams: { geog: 'refused' } },
      ])
    },
  )

  test('the same credential is not presented again for 5 s; a success then ends the alarm', async () => {
    proxy.fault = answerWith(401)
    await relay.ask('shared')
    await relay.ask('shared')
    expect(proxy.count()).toBe(1)
    proxy.fault = undefined
    relay.skip(5_000)
    expect((await relay.ask('shared')).status).toBe(200)
    expect(await (await fetch(`${relay.url}/readyz`)).json()).toEqual({ status: 'ready' })
  })

  test('the token that pages share is still handed out', async () => {
    const first = await (await relay.ask('shared')).json()
    relay.skip(31_000)
    proxy.fault = answerWith(401)
    const second = await (await relay.ask('shared')).json()
    expect(second.access_token).toBe(first.access_token)
  })
})

test('a grant that is not shared requests a token for each page', async () => {
  const [one, two] = await Promise.all([relay.ask('unshared'), relay.ask('unshared')])
  expect((await one.json()).access_token).not.toBe((await two.json()).access_token)
  expect(proxy.count()).toBe(2)
})

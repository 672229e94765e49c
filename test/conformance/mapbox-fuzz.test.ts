import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { NOW } from '../support/brokers/broker-under-test.ts'
import { FIRST_SCOPES, startMapboxBroker } from '../support/brokers/mapbox-broker.ts'
import { demoData } from '../support/repository.ts'

vi.setConfig({ testTimeout: 120_000 })

const PATH = '/tokens/v2/demo'
const UNLIMITED = { mapbox: { requestsPerMinute: 1_000_000 } }
const RUNS = { numRuns: 150 }
const MAX_DURATION = 2_000

const anything = fc.jsonValue({ maxDepth: 3 })
const scope = fc.oneof(fc.constantFrom(...FIRST_SCOPES, 'uploads:read', '__proto__'), fc.string())
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.domain(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('http://[::1]:1', 'https://%00', 'http://1.2.3.4.5', 'a..b', 'http://xn--'),
)
const instant = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.integer({ min: -4_000, max: 4_000 }).map((s) => new Date(NOW + s * 1000).toISOString()),
  fc.constantFrom('2026-02-30T00:00:00Z', '2027-01-15T08:00:00+99:99', '2027-01-15T24:00:00Z', ''),
  anything,
)
const member = {
  scopes: fc.oneof(fc.array(scope, { maxLength: 5 }), anything),
  note: fc.oneof(fc.string({ unit: 'binary', maxLength: 140 }), anything),
  allowedUrls: fc.oneof(fc.array(url, { maxLength: 5 }), anything),
  resources: fc.oneof(fc.array(fc.string()), anything),
  allowedApplications: anything,
  expires: instant,
  constructor: anything,
}
const body = fc.oneof(
  fc.record(member, { requiredKeys: [] }),
  fc.record(
    { scopes: fc.array(fc.constantFrom(...FIRST_SCOPES)), allowedUrls: fc.array(url) },
    { requiredKeys: [] },
  ),
  anything,
)
const rawBody = fc.oneof(
  body.map((value) => JSON.stringify(value)),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '{"__proto__":{"scopes":["user:write"]},"scopes":[]}',
    '['.repeat(4000),
    '\ufeff{}',
  ),
)
/** Cursors, well-formed or not. */
const start = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^c[0-9a-z]{24}(\.[0-9a-z]{1,14})?$/),
  fc.constantFrom("' or 1=1 --", '%00', 'c', '..'),
)

function expectDocumented(answer: { status: number; body: unknown }, statuses: readonly number[]) {
  expect(statuses).toContain(answer.status)
  if (answer.status >= 400) expect(answer.body).toEqual({ message: expect.any(String) })
}

describe('every input gets a documented answer within 2 s', () => {
  test('at "Create token" and "Create temporary token"', async () => {
    const { ask, sk } = await startMapboxBroker(UNLIMITED)
    await fc.assert(
      fc.asyncProperty(rawBody, async (raw) => {
        const begun = performance.now()
        const answer = await ask('POST', PATH, { body: raw })
        expect(performance.now() - begun).toBeLessThan(MAX_DURATION)
        expectDocumented(answer, [200, 400, 413, 422])
        if (answer.status !== 200) return
        const { code, token } = (
          await ask<{ code: string; token: { scopes?: string[] } }>('GET', '/tokens/v2', {
            token: answer.body.token,
          })
        ).body
        expect(code).toBe('TokenValid')
        for (const granted of token.scopes ?? answer.body.scopes)
          expect(FIRST_SCOPES).toContain(granted)
        expect(answer.body.token).not.toBe(sk)
      }),
      RUNS,
    )
  })

  test('at "Update a token"', async () => {
    const { ask } = await startMapboxBroker(UNLIMITED)
    const { id } = (await ask('POST', PATH, { body: { scopes: ['styles:read'] } })).body
    await fc.assert(
      fc.asyncProperty(rawBody, async (raw) => {
        const answer = await ask('PATCH', `${PATH}/${id}`, { body: raw })
        expectDocumented(answer, [200, 400, 413, 422])
        if (answer.status === 200) expect(answer.body.usage).toBe('pk')
      }),
      RUNS,
    )
    expect((await ask('GET', PATH)).status).toBe(200)
  })

  test('at "List tokens", in cursors and every other parameter', async () => {
    const { ask } = await startMapboxBroker(UNLIMITED)
    const query = fc.record(
      {
        start,
        limit: fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)),
        sortby: fc.oneof(fc.constantFrom('created', 'modified'), fc.string()),
        usage: fc.oneof(fc.constantFrom('pk', 'sk'), fc.string()),
        default: fc.oneof(fc.constantFrom('true', 'false'), fc.string()),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(query, async (parameters) => {
        const text = new URLSearchParams(Object.entries(parameters)).toString()
        expectDocumented(await ask('GET', `${PATH}?${text}`), [200, 422])
      }),
      RUNS,
    )
  })

  test('in tokens, user names and ids', async () => {
    const { ask, sk } = await startMapboxBroker(UNLIMITED)
    const payload = fc
      .oneof(fc.json(), fc.string({ unit: 'binary' }))
      .map((text) => Buffer.from(text).toString('base64url'))
    const token = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc
        .tuple(fc.constantFrom('pk', 'sk', 'tk', 'ek'), payload)
        .map(([usage, text]) => `${usage}.${text}.${'A'.repeat(22)}`),
      fc.nat(sk.length - 1).map((at) => `${sk.slice(0, at)}!${sk.slice(at + 1)}`),
    )
    await fc.assert(
      fc.asyncProperty(token, fc.string({ unit: 'binary', minLength: 1 }), async (given, name) => {
        const retrieved = await ask<{ code: string }>('GET', '/tokens/v2', { token: given })
        expect(retrieved.status).toBe(200)
        expect(['TokenMalformed', 'TokenInvalid']).toContain(retrieved.body.code)
        expectDocumented(await ask('GET', PATH, { token: given }), [401])
        const segment = encodeURIComponent(name).replaceAll('.', '%2E')
        expectDocumented(await ask('GET', `/tokens/v2/${segment}`), [200, 404, 405])
        expectDocumented(await ask('DELETE', `${PATH}/${segment}`), [400, 404, 405])
      }),
      RUNS,
    )
  })

  test('in the Referer of a page with a restricted token', async () => {
    const tilesets = { world: { path: demoData('world.pmtiles') } }
    const running = await startMapboxBroker({ ...UNLIMITED, tilesets })
    const body = { scopes: ['styles:tiles'], allowedUrls: ['https://maps.example/app'] }
    const { token } = (await running.ask('POST', PATH, { body })).body
    const text = fc.string({
      unit: fc.integer({ min: 33, max: 126 }).map((c) => String.fromCharCode(c)),
    })
    const referer = fc.oneof(
      text,
      fc.webUrl(),
      text.map((part) => `https://maps.example${part}`),
      text.map((part) => `https://${part}maps.example/app`),
    )
    await fc.assert(
      fc.asyncProperty(referer, async (value) => {
        const response = await fetch(
          `${running.url}/v1/tiles/world/0/0/0.mvt?access_token=${token}`,
          {
            headers: { referer: value },
          },
        )
        await response.arrayBuffer()
        const { host, pathname } = URL.canParse(value) ? new URL(value) : { host: '', pathname: '' }
        const isOurs = /(^|\.)maps\.example$/.test(host) && /^\/app(\/|$)/.test(pathname)
        expect([200, 403]).toContain(response.status)
        if (response.status === 200) expect(isOurs).toBe(true)
      }),
      RUNS,
    )
  })
})

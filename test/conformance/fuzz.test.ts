import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { startTwoAccounts, type TwoAccounts } from '../support/brokers/two-accounts.ts'

vi.setConfig({ testTimeout: 120_000 })

const text = expect.any(String)

/** The shape of a refusal, by API. */
const REFUSALS = {
  geog: { success: false, error: text, message: text, code: text },
  // RFC 6749 §5.2 leaves out quotes and backslashes.
  oauth: {
    error: text,
    error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/),
  },
  login: { error: text, message: text },
  mapbox: { message: text },
  geolens: { type: 'about:blank', title: text, status: expect.any(Number), detail: text },
}

/** In ms; a request that waits for so long has found an input that stops the broker. */
const HANGS_AFTER = 20_000

type Api = keyof typeof REFUSALS

/** Sends a request and checks what must hold for every answer. */
async function send(api: Api, url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(HANGS_AFTER) })
  const body = await response.text()
  expect(response.status).toBeLessThan(500)
  if (response.status < 400) return
  expect(response.headers.get('content-type')).toMatch(/^application\/(problem\+)?json/)
  expect(JSON.parse(body)).toMatchObject(REFUSALS[api])
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ' ', '__proto__', 'constructor', '\0', '../', '%00', '9'.repeat(400)),
)
const member = fc.oneof(
  fc.jsonValue(),
  hostile,
  fc.double(),
  fc.maxSafeInteger(),
  fc.array(hostile, { maxLength: 200 }),
)

/** Bodies: objects with the members of the route and random values, other JSON, and malformed JSON. */
const bodyOf = (...names: string[]) =>
  fc.oneof(
    fc
      .dictionary(fc.constantFrom(...names, '__proto__', 'x'), member)
      .map((body) => JSON.stringify(body)),
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.integer({ min: 0, max: 5000 }).map((depth) => '['.repeat(depth)),
  )

const queryOf = (...names: string[]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...names), hostile), { maxLength: 4 })
    .map((pairs) => String(new URLSearchParams(pairs)))

const JSON_TYPE = { 'content-type': 'application/json' }

interface Route {
  readonly name: string
  readonly api: Api
  readonly method: string
  readonly path: string
  readonly input: fc.Arbitrary<string>
  readonly headers?: (running: TwoAccounts) => Record<string, string>
  /** The token in the query. */
  readonly query?: (running: TwoAccounts) => string
}

const asApi = ({ demo }: TwoAccounts) => bearer(demo.api)
const asSk = ({ demo }: TwoAccounts) => `access_token=${demo.sk}`

const BODIES: Route[] = [
  {
    name: 'exchange',
    api: 'geog',
    method: 'POST',
    path: '/v1/auth/token',
    input: bodyOf('ttl', 'scope'),
    headers: asApi,
  },
  {
    name: 'new accounts',
    api: 'geog',
    method: 'POST',
    path: '/v1/admin/accounts',
    input: bodyOf('name', 'email'),
    headers: asApi,
  },
  {
    name: 'new tokens',
    api: 'geog',
    method: 'POST',
    path: '/v1/admin/tokens',
    input: bodyOf('account', 'scope', 'expires_in', 'note', 'read_only'),
    headers: asApi,
  },
  { name: 'map tokens', api: 'oauth', method: 'POST', path: '/map-token', input: bodyOf('grant') },
  {
    name: 'sign-in',
    api: 'login',
    method: 'POST',
    path: '/token',
    input: bodyOf('username', 'password', 'refresh_token'),
  },
  {
    name: 'refresh',
    api: 'login',
    method: 'POST',
    path: '/token/refresh',
    input: bodyOf('refresh_token'),
  },
  {
    name: 'new Mapbox tokens',
    api: 'mapbox',
    method: 'POST',
    path: '/tokens/v2/demo',
    input: bodyOf('scopes', 'note', 'allowedUrls', 'expires', 'resources'),
    query: asSk,
  },
]

const QUERIES: Route[] = [
  {
    name: 'usage',
    api: 'geog',
    method: 'GET',
    path: '/v1/billing/usage',
    input: queryOf('from', 'to'),
    headers: asApi,
  },
  {
    name: 'places',
    api: 'geog',
    method: 'GET',
    path: '/v1/places',
    input: queryOf('q', 'limit'),
    headers: asApi,
  },
  {
    name: 'audit',
    api: 'geog',
    method: 'GET',
    path: '/v1/admin/audit',
    input: queryOf('limit', 'before'),
    headers: asApi,
  },
  {
    name: 'lists of Mapbox tokens',
    api: 'mapbox',
    method: 'GET',
    path: '/tokens/v2/demo',
    input: queryOf('limit', 'start', 'sortby', 'usage', 'default'),
    query: asSk,
  },
  {
    name: 'downloads',
    api: 'geolens',
    method: 'GET',
    path: '/datasets/9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32/download/cog',
    input: queryOf('token', 'api_key'),
  },
]

/** With the default limits most answers would be 429. */
const UNLIMITED = {
  mapbox: { requestsPerMinute: 10_000 },
  login: { perMinute: 10_000, addressPerMinute: 10_000 },
}

test.each(BODIES)('every body of $name gets a documented answer', async (route) => {
  const running = await startTwoAccounts(UNLIMITED)
  const url = `${running.url}${route.path}?${route.query?.(running) ?? ''}`
  const headers = { ...JSON_TYPE, ...route.headers?.(running) }
  await fc.assert(
    fc.asyncProperty(route.input, (body) =>
      send(route.api, url, { method: route.method, headers, body }),
    ),
    { numRuns: 150 },
  )
})

test.each(QUERIES)('every query of $name gets a documented answer', async (route) => {
  const running = await startTwoAccounts(UNLIMITED)
  const headers = route.headers?.(running) ?? {}
  await fc.assert(
    fc.asyncProperty(route.input, (query) => {
      const url = `${running.url}${route.path}?${route.query?.(running) ?? ''}&${query}`
      return send(route.api, url, { method: route.method, headers })
    }),
    { numRuns: 150 },
  )
})

test('every form of the OAuth endpoints gets a documented answer', async () => {
  const running = await startTwoAccounts()
  const names = ['grant_type', 'subject_token', 'subject_token_type', 'scope', 'token', 'client_id']
  const paths = fc.constantFrom('/oauth/token', '/oauth/introspect', '/oauth/revoke')
  await fc.assert(
    fc.asyncProperty(paths, queryOf(...names, 'client_secret', 'audience'), (path, body) =>
      send('oauth', `${running.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      }),
    ),
    { numRuns: 150 },
  )
})

test('every credential gets a documented answer', async () => {
  const running = await startTwoAccounts()
  const { api } = running.demo
  const spoiled = fc
    .tuple(fc.nat({ max: api.length - 1 }), fc.constantFrom('A', '=', '.', ' ', '-', '%'))
    .map(([at, character]) => api.slice(0, at) + character + api.slice(at + 1))
  const tokens = fc.oneof(spoiled, fc.string(), fc.base64String())
  const paths = fc.constantFrom('/v1/tiles/world/0/0/0.mvt', '/v1/places?q=a', '/v1/admin/keys')
  await fc.assert(
    fc.asyncProperty(paths, tokens, (path, token) =>
      send('geog', `${running.url}${path}`, {
        headers: { authorization: `Bearer ${encodeURI(token)}` },
      }),
    ),
    { numRuns: 300 },
  )
})

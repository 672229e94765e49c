import { expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

test.each([
  ['/map-token', 'POST, OPTIONS'],
  ['/.well-known/jwks.json', 'GET, HEAD, OPTIONS'],
  ['/tokens/v2', 'GET, HEAD, OPTIONS'],
  ['/tokens/v2/demo', 'GET, HEAD, POST, OPTIONS'],
  ['/tokens/v2/demo/x', 'PATCH, DELETE, OPTIONS'],
  ['/scopes/v1/demo', 'GET, HEAD, OPTIONS'],
  ['/auth/download-token/x', 'POST, OPTIONS'],
])('a preflight of %s names the methods of the route, like its 405', async (path, methods) => {
  const { url } = await startBroker()
  const preflight = await fetch(url + path, {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
  })
  expect([
    preflight.status,
    preflight.headers.get('allow'),
    preflight.headers.get('access-control-allow-methods'),
  ]).toEqual([204, methods, methods])
  const refused = await fetch(url + path, { method: 'PUT' })
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, methods])
})

test.each([
  ['/map-token', 'POST'],
  ['/v1/tiles/world/0/0/0.mvt', 'GET'],
  ['/tokens/v2/demo', 'GET'],
])('%s lets pages read the id of their request', async (route, method) => {
  const { url } = await startBroker({ tilesets: { world: { path } }, grants: { city } })
  const { headers } = await fetch(url + route, { method, headers: { origin: 'https://a.example' } })
  expect(headers.get('x-request-id')).toMatch(/^[\w-]+$/)
  expect(headers.get('access-control-expose-headers')).toMatch(/\bX-Request-Id\b/)
})

const TRACING = 'baggage,sentry-trace,traceparent,x-forwarded-for'

async function preflight(url: string, method = 'GET') {
  const response = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://a.example',
      'access-control-request-method': method,
      'access-control-request-headers': TRACING,
    },
  })
  return {
    allowed: response.headers.get('access-control-allow-headers') ?? '',
    vary: response.headers.get('vary') ?? '',
    credentials: response.headers.get('access-control-allow-credentials'),
  }
}

const path = new URL('../../../examples/demo-data/world.pmtiles', import.meta.url).pathname
const city = { account: 'demo', scope: 'tiles:read', origins: ['https://a.example'] }

test.each([
  '/map-token',
  '/v1/tiles/world/0/0/0.mvt',
  '/.well-known/jwks.json',
  '/auth/download-token/x',
])('%s lets pages send the headers of tracing libraries', async (route) => {
  const { url } = await startBroker({ tilesets: { world: { path } }, grants: { city } })
  const { allowed, vary, credentials } = await preflight(url + route)
  expect(allowed).toMatch(/, baggage, sentry-trace, traceparent$/)
  expect(vary).toContain('Access-Control-Request-Headers')
  expect(credentials).toBeNull()
})

test.each([
  '/v1/admin/accounts',
  '/v1/auth/token',
  '/token',
  '/token/refresh',
  '/tokens/v2/demo',
  '/oauth/token',
])('%s lets pages send no other header than before', async (route) => {
  const { url } = await startBroker()
  expect((await preflight(url + route, 'POST')).allowed).not.toContain('baggage')
})

test('a page that a grant names reads the refusal with tracing headers, and a foreign one the constant 403', async () => {
  const { url } = await startBroker({ grants: { city } })
  expect((await preflight(`${url}/map-token`, 'POST')).allowed).toContain('traceparent')
  const foreign = await fetch(`${url}/map-token`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://other.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': TRACING,
    },
  })
  expect(foreign.headers.get('access-control-allow-headers')).toContain('traceparent')
  expect(foreign.headers.get('access-control-allow-origin')).toBe('*')
})

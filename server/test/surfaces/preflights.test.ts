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

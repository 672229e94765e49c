import express from 'express'
import { afterAll, describe, expect, test } from 'vitest'
import { guard } from '../../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen } from '../support/server.ts'

const issuer = createTestIssuer()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const bearer = { authorization: `Bearer ${issuer.sign()}` }

const app = express()
app.use('/geog', guard({ ...shared, scope: 'tiles:read' }))
app.use('/oauth', guard({ ...shared, scope: 'tiles:read', errors: 'oauth' }))
app.use('/problem', guard({ ...shared, scope: 'tiles:read', errors: 'problem' }))
app.use(
  '/custom',
  guard({
    ...shared,
    errors: ({ status, code }) => ({ type: 'text/x-error', body: { no: [status, code] } }),
  }),
)
app.use(
  '/bug',
  guard({
    verifier: { recall: () => undefined, verify: () => Promise.reject(new Error('bug')) },
  }),
)
app.use(
  '/no-keys',
  guard({
    ...shared,
    jwks: 'http://127.0.0.1:1/jwks.json',
    fetch: () => Promise.reject(new Error()),
  }),
)
app.use(
  '/no-store',
  guard({
    ...shared,
    isRevoked: () => Promise.reject(Object.assign(new Error('down'), { status: 503 })),
  }),
)
const { url, close } = await listen(app)
afterAll(close)

describe('T12: refusals have the shape of the API and challenge the client', () => {
  const refusals: [string, Record<string, string>, number, string, RegExp][] = [
    ['nothing', {}, 401, 'AUTH_REQUIRED', /^Bearer$/],
    ['another scheme', { authorization: 'Basic eA==' }, 401, 'AUTH_REQUIRED', /^Bearer$/],
    ['garbage', { authorization: 'Bearer x' }, 401, 'INVALID_TOKEN', /error="invalid_token"/],
    [
      'an expired token',
      { authorization: `Bearer ${issuer.sign({ iat: 1_700_000_000, exp: 1_700_000_060 })}` },
      401,
      'TOKEN_EXPIRED',
      /error="invalid_token"/,
    ],
    [
      'insufficient scope',
      { authorization: `Bearer ${issuer.sign({ scope: 'tiles:readonly' })}` },
      403,
      'INSUFFICIENT_SCOPE',
      /error="insufficient_scope".*scope="tiles:read"/,
    ],
  ]
  test.each(refusals)('%s', async (_, headers, status, code, challenge) => {
    const response = await fetch(`${url}/geog/tile`, { headers })
    expect(response.status).toBe(status)
    expect(response.headers.get('www-authenticate')).toMatch(challenge)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    const body = await response.json()
    expect(body).toEqual({
      success: false,
      error: expect.any(String),
      message: expect.any(String),
      code,
    })
  })
})

describe('bodies of refusals', () => {
  test.each([
    ['oauth', 'application/json; charset=utf-8', { error: 'insufficient_scope' }],
    [
      'problem',
      'application/problem+json',
      { type: 'about:blank', title: 'Forbidden', status: 403, code: 'INSUFFICIENT_SCOPE' },
    ],
  ])('can have the shape %s', async (path, type, body) => {
    const headers = { authorization: `Bearer ${issuer.sign({ scope: 'x' })}` }
    const response = await fetch(`${url}/${path}/tile`, { headers })
    expect([response.status, response.headers.get('content-type')]).toEqual([403, type])
    expect(await response.json()).toMatchObject(body)
    expect(response.headers.get('www-authenticate')).toMatch(/insufficient_scope/)
  })

  test('can come from a function', async () => {
    const response = await fetch(`${url}/custom/tile`)
    expect([response.status, response.headers.get('content-type')]).toEqual([401, 'text/x-error'])
    expect(await response.json()).toEqual({ no: [401, 'AUTH_REQUIRED'] })
  })
})

describe('G5: fail closed', () => {
  test('without keys the guard answers 503 and says when to retry', async () => {
    const response = await fetch(`${url}/no-keys/tile`, { headers: bearer })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('an outage behind isRevoked is a 503', async () => {
    const response = await fetch(`${url}/no-store/tile`, { headers: bearer })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })

  test('an unknown error is a bare 500', async () => {
    const response = await fetch(`${url}/bug/tile`, { headers: bearer })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ message: 'Internal server error' })
  })
})

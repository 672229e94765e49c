import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { NOW, readClaims } from '../support/brokers/broker-under-test.ts'
import {
  EVERY_SCOPE,
  EXCHANGE,
  exchange,
  INVALID_TOKEN,
  startGeogBroker,
  TILE,
} from '../support/brokers/geog-broker.ts'
import { postRaw } from '../support/servers/raw-request.ts'

describe('token exchange: parameters and response', () => {
  test('the documented request gets the documented response', async () => {
    const running = await startGeogBroker()
    const body = { ttl: 3600, scope: 'tiles:read' }
    expect(await exchange(running, await running.createToken(EVERY_SCOPE), body)).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 3600,
      expires_at: new Date(NOW + 3_600_000).toISOString().replace('.000Z', 'Z'),
      scope: 'tiles:read',
    })
  })

  test('access tokens have every documented claim', async () => {
    const running = await startGeogBroker()
    const subject = await running.createToken(EVERY_SCOPE)
    const { access_token } = await exchange(running, subject, { ttl: 60, scope: 'tiles:read' })
    expect(readClaims(access_token)).toEqual({
      sub: expect.stringMatching(/^tok_short_[0-9a-f]+$/),
      org_id: readClaims(subject).org_id,
      scope: 'tiles:read',
      token_type: 'api_token',
      aud: running.url,
      iss: running.url,
      jti: expect.any(String),
      parent: readClaims(subject).sub,
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
    })
  })

  test('ttl is 3600 by default and 1 to 14400; scope is inherited by default', async () => {
    const running = await startGeogBroker()
    const subject = await running.createToken(EVERY_SCOPE)
    expect(await exchange(running, subject)).toMatchObject({ expires_in: 3600, scope: EVERY_SCOPE })
    for (const ttl of [1, 14_400])
      expect(await exchange(running, subject, { ttl })).toMatchObject({ expires_in: ttl })
  })

  test('an access token reads tiles; exchange, billing and administration refuse it', async () => {
    const running = await startGeogBroker()
    const { access_token } = await exchange(running, await running.createToken(EVERY_SCOPE))
    expect((await running.get(TILE, access_token)).status).toBe(200)
    expect((await running.post(EXCHANGE, {}, bearer(access_token))).status).toBe(401)
    for (const path of ['/v1/billing/usage', '/v1/admin/accounts']) {
      const response = await running.get(path, access_token)
      expect([response.status, await response.json()]).toEqual([401, INVALID_TOKEN])
    }
  })
})

describe('token exchange: error table', () => {
  const TTL_MESSAGE = 'TTL must be between 1 and 14400 seconds'
  const rows: [string, unknown, Record<string, string>, number, string, string][] = [
    ['ttl 0', { ttl: 0 }, {}, 400, 'invalid_ttl', TTL_MESSAGE],
    ['ttl 14401', { ttl: 14_401 }, {}, 400, 'invalid_ttl', TTL_MESSAGE],
    ['malformed JSON', '{', {}, 400, 'invalid_request', 'Request body must be valid JSON'],
    [
      'a missing credential',
      {},
      { authorization: '' },
      401,
      'unauthorized',
      'Missing or invalid authentication',
    ],
    [
      'a malformed token',
      {},
      bearer('x'),
      401,
      'unauthorized',
      'Missing or invalid authentication',
    ],
    [
      'a scope that the subject token lacks',
      { scope: 'admin:access' },
      {},
      403,
      'invalid_scope',
      'Requested scopes exceed parent token permissions',
    ],
    [
      'a body that is too large',
      { x: 'x'.repeat(9000) },
      {},
      413,
      'payload_too_large',
      'Request body is too large',
    ],
    [
      'another content type',
      '{}',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
      'Request body must be application/json without Content-Encoding',
    ],
  ]
  test.each(rows)(
    '%s is refused as documented',
    async (_, body, headers, status, error, message) => {
      const { post, createToken } = await startGeogBroker()
      const response = await post(EXCHANGE, body, { ...bearer(await createToken()), ...headers })
      expect([response.status, await response.json()]).toEqual([
        status,
        { success: false, error, error_description: message, message, code: error.toUpperCase() },
      ])
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    },
  )

  test('T13: two Authorization headers are refused', async () => {
    const { url, createToken } = await startGeogBroker()
    const header = ['authorization', `Bearer ${await createToken()}`]
    const answer = await postRaw(`${url}${EXCHANGE}`, [...header, ...header], Buffer.from(''))
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, 'invalid_request'])
  })
})

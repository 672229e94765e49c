import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { NOW, readClaims } from '../support/brokers/broker-under-test.ts'
import {
  AUTH_REQUIRED,
  EVERY_SCOPE,
  EXCHANGE,
  exchange,
  INSUFFICIENT_SCOPE,
  INVALID_TOKEN,
  startGeogBroker,
  TILE,
  TOKEN_EXPIRED,
} from '../support/brokers/geog-broker.ts'

/** The scope that each path needs, according to the documents of the API. */
const GUARDED: [string, string][] = [
  ['tiles:read', TILE],
  ['tiles:read', '/v1/tiles/world/metadata'],
  ['places:read', '/v1/places?q=par'],
  ['billing:manage', '/v1/billing/usage'],
  ['admin:access', '/v1/admin/accounts'],
  ['admin:access', '/v1/admin/tokens'],
  ['admin:access', '/v1/admin/keys'],
  ['admin:access', '/v1/admin/audit'],
]

describe('API tokens', () => {
  test('have every documented claim, and verify against the key set like any other JWT', async () => {
    const { url, createToken } = await startGeogBroker()
    const token = await createToken(EVERY_SCOPE, 31_536_000)
    const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(token, jwks, {
      issuer: url,
      audience: url,
      currentDate: new Date(NOW),
    })
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) })
    expect(payload).toEqual({
      sub: expect.stringMatching(/^tok_[0-9a-f]+$/),
      org_id: expect.stringMatching(/^org_[0-9a-f]+$/),
      scope: EVERY_SCOPE,
      token_type: 'api_token',
      aud: url,
      iss: url,
      jti: expect.any(String),
      iat: NOW / 1000,
      exp: NOW / 1000 + 31_536_000,
    })
  })

  test('verify against a key set that anyone may cache for an hour', async () => {
    const { get } = await startGeogBroker()
    const response = await get('/.well-known/jwks.json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    expect(await response.json()).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256' }] })
  })
})

describe('401 and 403', () => {
  test.each(GUARDED)('%s guards %s; each refusal has its documented body', async (scope, path) => {
    const { get, createToken, clock } = await startGeogBroker()
    const other = EVERY_SCOPE.split(' ').filter((name) => name !== scope)
    const good = await createToken(scope, 60)
    const rows: [string | undefined, number, object, string][] = [
      [undefined, 401, AUTH_REQUIRED, 'Bearer'],
      ['garbage', 401, INVALID_TOKEN, 'error="invalid_token"'],
      [await createToken(other.join(' ')), 403, INSUFFICIENT_SCOPE, `scope="${scope}"`],
    ]
    for (const [token, status, body, challenge] of rows) {
      const response = await get(path, token)
      expect([response.status, await response.json()]).toEqual([status, body])
      expect(response.headers.get('www-authenticate')).toContain(challenge)
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
    expect((await get(path, good)).status).toBe(200)
    clock.now += 62_000
    const late = await get(path, good)
    expect([late.status, await late.json()]).toEqual([401, TOKEN_EXPIRED])
  })

  test('only the Bearer scheme counts, in upper or lower case', async () => {
    const { get, createToken } = await startGeogBroker()
    const token = await createToken()
    const basic = await get(TILE, undefined, { headers: { authorization: `Basic ${token}` } })
    expect([basic.status, await basic.json()]).toEqual([401, AUTH_REQUIRED])
    const lower = await get(TILE, undefined, { headers: { authorization: `bearer ${token}` } })
    expect(lower.status).toBe(200)
  })

  test('a revoked token and the tokens exchanged for it are refused at once', async () => {
    const running = await startGeogBroker()
    const operator = await running.createToken(EVERY_SCOPE)
    const subject = await running.createToken('tiles:read')
    const child = (await exchange(running, subject)).access_token
    expect((await running.get(TILE, child)).status).toBe(200)
    const id = readClaims(subject).sub
    const revoke = await running.get(`/v1/admin/tokens/${id}`, operator, {
      method: 'DELETE',
      headers: bearer(operator),
    })
    expect(revoke.status).toBe(204)
    for (const token of [subject, child]) {
      const response = await running.get(TILE, token)
      expect([response.status, await response.json()]).toEqual([401, INVALID_TOKEN])
    }
    expect((await running.post(EXCHANGE, {}, bearer(subject))).status).toBe(401)
  })
})

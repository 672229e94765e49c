import { describe, expect, test } from 'vitest'
import { NOW } from '../support/brokers/broker-under-test.ts'
import {
  iso,
  PATH,
  payloadOf,
  startMapboxBroker,
  startWithNeighbour,
} from '../support/brokers/mapbox-broker.ts'

describe('the token format', () => {
  test('pk and sk refer to metadata; the payload is standard base64, and the signature has 22 characters', async () => {
    const { ask, sk } = await startMapboxBroker()
    const pk = (await ask('POST', PATH, { body: { scopes: ['styles:tiles'] } })).body
    for (const token of [sk, pk.token]) {
      expect(token).toMatch(/^[ps]k\.[A-Za-z0-9+/]+\.[A-Za-z0-9_-]{22}$/)
      expect(Object.keys(payloadOf(token))).toEqual(['u', 'a'])
    }
    expect(payloadOf(pk.token)).toEqual({ u: 'demo', a: pk.id })
  })

  test('tk contains its metadata', async () => {
    const { ask, sk } = await startMapboxBroker()
    const body = { scopes: ['styles:tiles'], expires: iso(NOW + 60_000) }
    const { token } = (await ask('POST', PATH, { body })).body
    expect(payloadOf(token)).toEqual({
      u: 'demo',
      exp: NOW / 1000 + 60,
      iat: NOW / 1000,
      scopes: ['styles:tiles'],
      client: 'api',
      a: payloadOf(sk).a,
      o: expect.stringMatching(/^org_/),
    })
  })

  test('a token with a changed prefix, user or signature is refused', async () => {
    const { ask, sk } = await startWithNeighbour()
    const [, payload = '', signature = ''] = sk.split('.')
    const other = btoa(JSON.stringify({ ...payloadOf(sk), u: 'neighbour' }))
    for (const token of [
      `pk.${payload}.${signature}`,
      `sk.${other}.${signature}`,
      `sk.${payload}.${'A'.repeat(22)}`,
      `${sk}A`,
      `${sk}=`,
      sk.slice(0, -1),
    ])
      expect((await ask('GET', PATH, { token })).status).toBe(401)
  })
})

describe('create', () => {
  test('answers with the metadata object, which contains the token', async () => {
    const { ask } = await startMapboxBroker()
    const body = { scopes: ['styles:read', 'fonts:read'], note: 'My top secret project' }
    const created = await ask('POST', PATH, { body })
    expect(created.status).toBe(200)
    expect(created.body).toEqual({
      client: 'api',
      note: 'My top secret project',
      usage: 'pk',
      id: expect.stringMatching(/^c[0-9a-z]{24}$/),
      default: false,
      scopes: ['styles:read', 'fonts:read'],
      created: iso(NOW),
      modified: iso(NOW),
      token: expect.stringMatching(/^pk\./),
    })
  })

  test('one secret scope makes the token secret', async () => {
    const { ask } = await startMapboxBroker()
    const { body } = await ask('POST', PATH, { body: { scopes: ['styles:read', 'styles:list'] } })
    expect(body).toMatchObject({ usage: 'sk', token: expect.stringMatching(/^sk\./) })
  })

  test('C3: a scope that does not exist or that the authorizing token lacks is refused', async () => {
    const { ask } = await startMapboxBroker()
    for (const scopes of [['uploads:read'], ['styles:read', 'nonsense'], 'styles:read', [1], null])
      expect(await ask('POST', PATH, { body: { scopes } })).toMatchObject({
        status: 422,
        body: { message: 'scopes are invalid' },
      })
  })

  test.each([
    [{ scopes: [], color: 'red' }, 'unknown properties are not allowed'],
    [{ scopes: [], note: 'x'.repeat(129) }, 'note must be a string of at most 128 characters'],
    [{ scopes: [], note: 'a\0b' }, 'note must be a string of at most 128 characters'],
    [{ scopes: [], note: 1 }, 'note must be a string of at most 128 characters'],
    [{ scopes: [], resources: 'x' }, 'resources are invalid'],
    [{ scopes: [], resources: [1] }, 'resources are invalid'],
    [{ scopes: [], allowedApplications: [{}] }, 'allowedApplications are invalid'],
    [{ scopes: [], allowedUrls: ['ftp://a.example'] }, 'allowedUrls are invalid'],
    [{ scopes: [], allowedUrls: ['https://*.a.example'] }, 'allowedUrls are invalid'],
    [
      { scopes: [], allowedUrls: Array.from({ length: 101 }, (_, i) => `https://a${i}.example`) },
      'allowedUrls are invalid',
    ],
    [
      { scopes: [], expires: iso(NOW + 1e5), allowedUrls: ['a.example'] },
      'allowedUrls are invalid',
    ],
  ])('%j is refused', async (body, message) => {
    const { ask } = await startMapboxBroker()
    expect(await ask('POST', PATH, { body })).toMatchObject({ status: 422, body: { message } })
  })

  test('what newer clients send is accepted: notes of 128 characters, 100 URLs, resources, applications', async () => {
    const { ask } = await startMapboxBroker()
    const body = {
      scopes: ['styles:read'],
      note: '🗺'.repeat(128),
      allowedUrls: Array.from({ length: 100 }, (_, i) => `https://a${i}.example`),
      resources: ['mapbox://styles/demo'],
      allowedApplications: [{ platform: 'iOS', bundleId: 'com.example' }],
    }
    expect(await ask('POST', PATH, { body })).toMatchObject({ status: 200, body })
  })

  test('a body that is not a JSON object is 400, another content type is 415, a long body is 413', async () => {
    const { ask } = await startMapboxBroker()
    expect((await ask('POST', PATH, { body: '{' })).status).toBe(400)
    expect((await ask('POST', PATH, { body: '[]' })).status).toBe(400)
    const headers = { 'content-type': 'text/plain' }
    expect((await ask('POST', PATH, { body: '{}', headers })).status).toBe(415)
    expect(await ask('POST', PATH, { body: { note: 'x'.repeat(9000) } })).toMatchObject({
      status: 413,
      body: { message: expect.any(String) },
    })
  })
})

describe('create temporary', () => {
  test('answers with the token and its end', async () => {
    const { ask } = await startMapboxBroker()
    const expires = iso(NOW + 30_000)
    const { status, body } = await ask('POST', PATH, { body: { expires, scopes: [] } })
    expect([status, body]).toEqual([
      200,
      { token: expect.stringMatching(/^tk\./), issued_at: iso(NOW), expires, expires_in: 30 },
    ])
  })

  test.each([
    [iso(NOW), 'expires is in the past'],
    [iso(NOW - 60_000), 'expires is in the past'],
    [iso(NOW + 3_620_000), 'expires is more than one hour in the future'],
    ['9999-12-31T23:59:59Z', 'expires is more than one hour in the future'],
    ['tomorrow', 'expires is invalid'],
    [null, 'expires is invalid'],
    [NOW + 1000, 'expires is invalid'],
  ])('expires %j: %s', async (expires, message) => {
    const { ask } = await startMapboxBroker()
    const body = { expires, scopes: ['styles:read'] }
    expect(await ask('POST', PATH, { body })).toMatchObject({ status: 422, body: { message } })
  })

  test('an hour by a clock that is slightly fast is accepted, and so are UTC offsets', async () => {
    const { ask } = await startMapboxBroker()
    for (const expires of [iso(NOW + 3_603_000), iso(NOW + 60_000).replace('Z', '+00:00')])
      expect((await ask('POST', PATH, { body: { expires, scopes: [] } })).status).toBe(200)
  })

  test('a temporary token neither outlives nor exceeds the temporary token that authorizes it', async () => {
    const { ask } = await startMapboxBroker()
    const expires = iso(NOW + 60_000)
    const scopes = ['tokens:write', 'styles:read']
    const { token } = (await ask('POST', PATH, { body: { expires, scopes } })).body
    const ok = await ask('POST', PATH, { token, body: { expires, scopes: ['styles:read'] } })
    expect(ok.status).toBe(200)
    const longer = { expires: iso(NOW + 61_000), scopes: [] }
    expect(await ask('POST', PATH, { token, body: longer })).toMatchObject({
      status: 422,
      body: { message: 'expires may not be greater than the expiration of the authorizing token' },
    })
    const wider = { expires, scopes: ['fonts:read'] }
    expect((await ask('POST', PATH, { token, body: wider })).status).toBe(422)
  })
})

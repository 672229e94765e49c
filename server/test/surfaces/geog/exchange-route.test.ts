import express from 'express'
import { describe, expect, test } from 'vitest'
import { createBroker } from '../../../src/index.ts'
import {
  makeDataFolder,
  NOW,
  readClaims,
  startBroker,
  storeSettings,
} from '../../support/broker-under-test.ts'
import { postRaw } from '../../support/raw-request.ts'
import { openStoreOf } from '../../support/store-under-test.ts'

const PATH = '/v1/auth/token'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('a successful exchange', () => {
  test('answers with the documented members', async () => {
    const { post, createToken } = await startBroker()
    const response = await post(PATH, { ttl: 60, scope: 'tiles:read' }, bearer(await createToken()))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 60,
      expires_at: new Date(NOW + 60_000).toISOString().replace('.000', ''),
      scope: 'tiles:read',
    })
  })

  test('without a body the token lasts an hour and has every scope', async () => {
    const { post, createToken } = await startBroker()
    const body = await (await post(PATH, undefined, bearer(await createToken()))).json()
    expect(body).toMatchObject({ expires_in: 3600, scope: 'tiles:read places:read' })
  })

  test('X3: org, audience and bound come from the subject token; extra members change nothing', async () => {
    const { post, createToken } = await startBroker()
    const subject = await createToken()
    const extras =
      '{"ttl":60,"sub":"x","aud":"x","org_id":"x","__proto__":{"scope":"admin:access"}}'
    const response = await post(`${PATH}?ttl=1&scope=x`, extras, {
      ...bearer(subject),
      'x-http-method-override': 'DELETE',
    })
    const child = readClaims((await response.json()).access_token)
    const parent = readClaims(subject)
    expect(child).toMatchObject({
      parent: parent.sub,
      org_id: parent.org_id,
      aud: parent.aud,
      iss: parent.iss,
      scope: parent.scope,
      token_type: 'api_token',
      sub: expect.stringMatching(/^tok_short_[0-9a-f]{32}$/),
    })
    expect(child.jti).not.toBe(parent.jti)
  })

  test('X2: expires_in is exp − iat, and never beyond the subject token', async () => {
    const { post, createToken, clock } = await startBroker()
    const subject = await createToken('tiles:read', 100)
    clock.now += 40_500
    const body = await (await post(PATH, { ttl: 14400 }, bearer(subject))).json()
    const { exp, iat } = readClaims(body.access_token)
    expect(body.expires_in).toBe(60)
    expect(Number(exp) - Number(iat)).toBe(60)
    expect(exp).toBe(readClaims(subject).exp)
  })

  test('X6: the response is not cached, sniffed or open to other origins', async () => {
    const { post, createToken } = await startBroker()
    const headers = { ...bearer(await createToken()), origin: 'https://evil.example' }
    const response = await post(PATH, {}, headers)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('X8: every row of the error table', () => {
  const rows: [string, unknown, number, string, string][] = [
    ['ttl 0', { ttl: 0 }, 400, 'invalid_ttl', 'TTL must be between 1 and 14400 seconds'],
    ['a body that is not JSON', '{', 400, 'invalid_request', 'Request body must be valid JSON'],
    [
      'a scope too many',
      { scope: 'tiles:read admin:access' },
      403,
      'invalid_scope',
      'Requested scopes exceed parent token permissions',
    ],
  ]
  test.each(rows)('%s', async (_, body, status, error, message) => {
    const { post, createToken } = await startBroker()
    const response = await post(PATH, body, bearer(await createToken()))
    expect(response.status).toBe(status)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({
      success: false,
      error,
      error_description: message,
      message,
      code: error.toUpperCase(),
    })
  })

  test('401: no credential, another scheme, garbage', async () => {
    const { post } = await startBroker()
    for (const headers of [{}, { authorization: 'Basic eA==' }, bearer('x')]) {
      const response = await post(PATH, {}, headers)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(await response.json()).toMatchObject({
        error: 'unauthorized',
        message: 'Missing or invalid authentication',
      })
    }
  })

  test('500: an unexpected error reveals no details', async () => {
    const { post, createToken, data } = await startBroker()
    const subject = await createToken()
    const store = await openStoreOf(data)
    await store.db.schema.dropTable('api_token').execute()
    await store.close()
    const response = await post(PATH, {}, bearer(subject))
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({
      error: 'server_error',
      message: 'Internal server error',
      code: 'SERVER_ERROR',
    })
  })
})

test('X5: POST only', async () => {
  const { url } = await startBroker()
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await fetch(`${url}${PATH}`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await response.json()).toMatchObject({ success: false, code: 'METHOD_NOT_ALLOWED' })
  }
})

describe('X1: scopes are compared as exact strings', () => {
  test.each(['tiles', 'tiles:read:all', 'TILES:READ', 'tiles:*', 'places:read admin:access'])(
    '%s is beyond tiles:read places:read',
    async (scope) => {
      const { post, createToken } = await startBroker()
      expect((await post(PATH, { scope }, bearer(await createToken()))).status).toBe(403)
    },
  )
})

test('X4: a short-lived token cannot be exchanged', async () => {
  const { post, createToken } = await startBroker()
  const child = (await (await post(PATH, {}, bearer(await createToken()))).json()).access_token
  const granted = (await (await post('/map-token')).json()).access_token
  for (const token of [child, granted]) {
    const response = await post(PATH, {}, bearer(token))
    expect([response.status, (await response.json()).error]).toEqual([401, 'unauthorized'])
  }
})

test('T13: two Authorization headers are refused', async () => {
  const { url, createToken } = await startBroker()
  const header = ['authorization', `Bearer ${await createToken()}`]
  expect((await postRaw(`${url}${PATH}`, [...header, ...header], Buffer.from(''))).status).toBe(400)
})

test('T14: a subject token in the query is ignored', async () => {
  const { post, createToken } = await startBroker()
  expect((await post(`${PATH}?access_token=${await createToken()}`)).status).toBe(401)
})

test('X7: the issuer never comes from Host or forwarded headers', async () => {
  const { url, createToken } = await startBroker()
  const subject = await createToken()
  const headers = ['authorization', `Bearer ${subject}`, 'x-forwarded-host', 'evil.example']
  const { text } = await postRaw(`${url}${PATH}`, headers, Buffer.from(''))
  expect(readClaims(JSON.parse(text).access_token).iss).toBe(url)
})

test('T16: a revoked token is refused at the next exchange, and so are its children everywhere', async () => {
  const { post, createToken, cli, broker } = await startBroker()
  const subject = await createToken()
  const child = (await (await post(PATH, {}, bearer(subject))).json()).access_token
  await broker.verifier.verify(child)
  expect((await cli('token', 'revoke', String(readClaims(subject).sub))).code).toBe(0)
  expect((await post(PATH, {}, bearer(subject))).status).toBe(401)
  await expect
    .poll(() => broker.verifier.verify(child).catch((error) => error.code))
    .toBe('INVALID_TOKEN')
  await expect(broker.verifier.verify(subject)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
})

test('a token of another data folder is refused', async () => {
  const one = await startBroker({ data: makeDataFolder() })
  const two = await startBroker()
  expect((await two.post(PATH, {}, bearer(await one.createToken()))).status).toBe(401)
})

test.each([
  ['without a parser', []],
  ['with express.json()', [express.json()]],
  ['with express.text()', [express.text({ type: '*/*' })]],
  ['with express.raw()', [express.raw({ type: '*/*' })]],
])('mounted under a path %s it works the same', async (_, parsers) => {
  const data = makeDataFolder()
  const { createToken } = await startBroker({ data, issuer: 'https://maps.example' })
  const broker = await createBroker({
    ...(await storeSettings(data)),
    now: () => NOW,
    issuer: 'https://maps.example',
  })
  const app = express()
  for (const parser of parsers) app.use(parser)
  app.use('/auth', broker.router)
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const send = (body: string) =>
    fetch(`http://127.0.0.1:${port}/auth${PATH}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
  const token = await createToken()
  expect(await (await send('{"ttl":5}')).json()).toMatchObject({ expires_in: 5 })
  expect((await send('{"ttl":0}')).status).toBe(400)
  expect((await send('')).status).toBe(200)
  server.close().closeAllConnections()
  await broker.close()
})

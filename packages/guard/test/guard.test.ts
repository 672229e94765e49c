import express, { type Request } from 'express'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, GuardError, guard, type Verifier } from '../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from './support/issuer.ts'
import { listen } from './support/server.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const bearer = { authorization: `Bearer ${token}` }
/** A verifier of tokens that only one page may use. */
const forOnePage: Verifier = {
  recall: () => undefined,
  verify: async (_token, { referer, origin } = {}) => {
    if (referer === 'https://maps.example/app' || origin === 'https://maps.example')
      return createVerifier(shared).verify(token)
    throw new GuardError('Forbidden', { status: 403, code: 'SOURCE', reason: 'Forbidden' })
  },
}

const refused: [unknown, Request][] = []
const app = express()
app.use('/header', guard({ ...shared, scope: 'tiles:read' }))
app.use('/same-for-all', guard({ ...shared, vary: false }))
app.use('/pages', guard({ verifier: forOnePage }))
app.use('/logged', guard({ ...shared, onRefusal: (...refusal) => refused.push(refusal) }))
app.get('/{*mount}/whoami', (request, response) => void response.json(request.auth))
app.get('/{*mount}/tile', (_request, response) => void response.send(Buffer.from('tile')))
const { url, close } = await listen(app)
afterAll(close)

test('a valid token passes, and later handlers get its claims', async () => {
  const response = await fetch(`${url}/header/whoami`, { headers: bearer })
  expect(await response.json()).toMatchObject({ sub: 'tok_1', scope: 'tiles:read' })
})

test.each([
  ['options', guard(shared)],
  ['a verifier', guard({ verifier: createVerifier(shared) })],
])(
  'made from %s, it passes a known token in the same turn of the event loop',
  async (_, handler) => {
    const steps: string[] = []
    const server = await listen(
      express().use((request, response) => {
        void handler(request, response, () => steps.push('passed'))
        steps.push('returned')
        response.end()
      }),
    )
    onTestFinished(server.close)
    await fetch(server.url, { headers: bearer })
    await expect.poll(() => steps).toEqual(['returned', 'passed'])
    await fetch(server.url, { headers: bearer })
    expect(steps.slice(2)).toEqual(['passed', 'returned'])
  },
)

test('without "vary" a response is still private, but does not vary', async () => {
  const response = await fetch(`${url}/same-for-all/tile`, { headers: bearer })
  expect(response.headers.get('cache-control')).toMatch(/^private/)
  expect(response.headers.get('vary')).toBeNull()
})

test('a preflight needs no credential', async () => {
  const response = await fetch(`${url}/header/tile`, {
    method: 'OPTIONS',
    headers: { origin: 'https://maps.example', 'access-control-request-method': 'GET' },
  })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-headers')).toMatch(
    /Authorization.*If-None-Match.*Range/,
  )
})

test('onRefusal gets each refusal with its request', async () => {
  await fetch(`${url}/logged/tile`)
  const [[error, request] = []] = refused
  expect(error).toMatchObject({ code: 'AUTH_REQUIRED' })
  expect(request?.originalUrl).toBe('/logged/tile')
})

test('invalid options are refused at construction', () => {
  expect(() => guard({ ...shared, scope: 'two scopes' })).toThrow(TypeError)
  // @ts-expect-error A name alone does not say whether it is a parameter or a cookie.
  expect(() => guard({ ...shared, credentials: 'query' })).toThrow('"credentials" must be "header"')
  expect(() => guard({ ...shared, credentials: { query: '' } })).toThrow(TypeError)
  expect(() => guard({ ...shared, credentials: { cookie: 'a b' } })).toThrow(TypeError)
  expect(() => guard({ ...shared, tiles: '/no' })).toThrow(TypeError)
})

describe('a verifier of tokens for some pages', () => {
  test('learns which page asks', async () => {
    for (const source of [
      { referer: 'https://maps.example/app' },
      { origin: 'https://maps.example' },
    ])
      expect((await fetch(`${url}/pages/tile`, { headers: { ...bearer, ...source } })).status).toBe(
        200,
      )
  })

  test('refuses with CORS headers', async () => {
    const response = await fetch(`${url}/pages/tile`, { headers: bearer })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      403,
      '*',
    ])
    expect(await response.json()).toMatchObject({ message: 'Forbidden', code: 'SOURCE' })
  })
})

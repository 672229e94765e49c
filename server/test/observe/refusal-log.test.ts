import { createServer, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { AuthRequiredError, KeysUnavailableError } from '@tilepass/guard'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BrokerError, NotFoundError, UnavailableError } from '../../src/errors.ts'
import { createBroker, StoreUnavailableError, UpstreamRefusedError } from '../../src/index.ts'
import { createFailureReporter, createRequestReporter } from '../../src/observe/failures.ts'
import {
  makeDataFolder,
  NOW,
  readClaims,
  startBroker,
  watchLog,
} from '../support/broker-under-test.ts'

const WORLD = new URL('../../../examples/demo-data/world.pmtiles', import.meta.url).pathname
const TILE = '/v1/tiles/world/0/0/0.mvt'

async function start() {
  const { logger, logged } = watchLog()
  const grants = { city: { account: 'demo', scope: 'tiles:read', session: 'required' as const } }
  const tilesets = { world: { path: WORLD } }
  const broker = await startBroker({ logger, grants, tilesets })
  const find = (path: string) =>
    logged()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ req }) => req?.path === path)
  return { ...broker, find, logged }
}

const authorize = (token: string) => ({ authorization: `Bearer ${token}` })

describe('the log of a refused request says', () => {
  test('which check a token failed, whose it claims to be, and where the page was', async () => {
    const { url, createToken, clock, find } = await start()
    const token = await createToken('tiles:read', 60)
    clock.now = NOW + 120_000
    const headers = { ...authorize(token), origin: 'https://maps.example' }
    expect((await fetch(url + TILE, { headers })).status).toBe(401)
    const { jti, sub, org_id } = readClaims(token)
    expect(find(TILE)).toEqual([
      expect.objectContaining({
        refusal: {
          surface: 'geog',
          code: 'token_expired',
          check: 'Token has expired',
          origin: 'https://maps.example',
          claimed: { jti, sub, org_id },
        },
      }),
    ])
  })

  test('what the issuer of a foreign token was, and what it should have been', async () => {
    const [{ url, find }, other] = [await start(), await startBroker()]
    await fetch(url + TILE, { headers: authorize(await other.createToken()) })
    const check = `issuer mismatch: expected "${url}", got "${other.url}"`
    expect(find(TILE)).toMatchObject([{ refusal: { code: 'invalid_token', check } }])
  })

  test.each([
    ['/v1/auth/token', 'geog', 'unauthorized'],
    ['/oauth/introspect', 'oauth', 'invalid_client'],
    ['/oauth/token', 'oauth', 'invalid_request'],
    ['/map-token', 'map-token', 'session_required'],
    ['/logout', 'login', 'session_required'],
  ])(
    'why %s does not accept a revoked token, which its client is not told',
    async (path, surface, code) => {
      const { url, cli, createToken, find } = await start()
      const token = await createToken()
      const id = String(readClaims(token).sub)
      await cli('token', 'revoke', id)
      const form = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        ...(path === '/oauth/introspect' && { client_id: id, client_secret: token, token }),
      })
      const isForm = path.startsWith('/oauth')
      const response = await fetch(url + path, {
        method: 'POST',
        headers: {
          ...(isForm ? {} : authorize(token)),
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        },
        body: isForm ? form : JSON.stringify(path === '/map-token' ? { grant: 'city' } : {}),
      })
      expect(response.ok).toBe(false)
      const [line] = find(path)
      expect(line.refusal).toMatchObject({ surface, code })
      expect(line.refusal.check).toMatch(/revoked|wrong kind of token/)
      expect(JSON.stringify(await response.json())).not.toContain('revoked')
    },
  )

  test('which grant a page asked for, and of which account', async () => {
    const { post, find } = await start()
    await post('/map-token', { grant: 'city' })
    await post('/map-token', { grant: 'my-password' })
    expect(find('/map-token')).toMatchObject([
      {
        refusal: { surface: 'map-token', code: 'session_required', grant: 'city', account: 'demo' },
      },
      { refusal: { surface: 'map-token', code: 'unknown_grant' } },
    ])
    expect(find('/map-token')[1].refusal).not.toHaveProperty('grant')
  })

  test('nothing if the request was not refused', async () => {
    const { post, find } = await start()
    expect((await post('/map-token', {})).status).toBe(200)
    expect(find('/map-token')).toEqual([
      expect.not.objectContaining({ refusal: expect.anything() }),
    ])
  })
})

test('a mounted broker, whose requests it does not log, logs refusals alone', async () => {
  const { logger, logged } = watchLog()
  const broker = await createBroker({
    data: makeDataFolder(),
    issuer: 'https://maps.example',
    logger,
  })
  onTestFinished(() => broker.close())
  const server = createServer(express().use('/api', broker.router)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const url = `http://127.0.0.1:${port}/api/v1/auth/token?x=1`
  const response = await fetch(url, { method: 'POST' })
  const lines = logged()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.filter(({ refusal }) => refusal)).toEqual([
    expect.objectContaining({
      level: 30,
      msg: 'a request was refused',
      method: 'POST',
      id: response.headers.get('x-request-id'),
      path: '/api/v1/auth/token',
      route: '/v1/auth/token',
      refusal: {
        surface: 'geog',
        code: 'unauthorized',
        check: 'Missing or invalid authentication',
      },
    }),
  ])
})

test.each([
  ['an unknown error', new Error('x'), true],
  ['an outage', Object.assign(new Error('down'), { status: 503 }), true],
  ['key sets that are away', new KeysUnavailableError(), true],
  ['a refusal', new NotFoundError(), false],
  ['a refusal of the guard', new AuthRequiredError(), false],
  ['a body that Express refuses', Object.assign(new Error('bad'), { status: 400 }), false],
  ['what was thrown on purpose, with its cause logged', new UnavailableError(), false],
  ['an upstream that fails', new BrokerError(502, 'upstream_invalid', 'no'), false],
])('%s is reported as a failure or not', (_, error, isFailure) => {
  const failures: unknown[] = []
  const { logger } = watchLog()
  const request = new IncomingMessage(new Socket())
  createRequestReporter(logger, (failure) => failures.push(failure), 'geog')(error, request)
  expect(failures).toEqual(isFailure ? [error] : [])
})

test('a proxy that is not trusted is warned of once', async () => {
  const count = async (trustProxy: string[], path: string) => {
    const { logger, logged } = watchLog()
    const { url } = await startBroker({ logger, trustProxy })
    for (const _ of [1, 2]) await fetch(url + path, { headers: { 'x-forwarded-for': '192.0.2.1' } })
    return logged().split('"trustProxy\\" names none').length - 1
  }
  expect(await count([], '/.well-known/jwks.json')).toBe(1)
  expect(await count([], '/verify')).toBe(0)
  expect(await count(['loopback'], '/.well-known/jwks.json')).toBe(0)
})

test('the line of a failed request has no stack of the log itself, and the reason of an upstream', async () => {
  const { logger, logged } = watchLog()
  const { post } = await startBroker({
    logger,
    upstreams: {
      own: () => {
        throw new UpstreamRefusedError('returned 401 invalid_client')
      },
    },
    grants: { relayed: { upstream: 'own', scope: 'a' } },
  })
  expect((await post('/map-token', { grant: 'relayed' })).status).toBe(502)
  const line = logged()
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
    .find(({ req }) => req)
  expect(line).toMatchObject({
    level: 50,
    failure: { code: 'upstream_refused', check: 'returned 401 invalid_client', grant: 'relayed' },
  })
  expect(line).not.toHaveProperty('refusal')
  expect(line).not.toHaveProperty('err')
})

test.each([
  ['x-original-uri', '/data/world/3/4/2.pbf?access_token=opaque-secret', '/data/world/3/4/2.pbf'],
  [
    'x-forwarded-uri',
    '/data/eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0b2tfMSJ9abc.sig/2.pbf',
    '/data/[redacted]/2.pbf',
  ],
])(
  'the line of a check names the path in %s, without query and tokens',
  async (header, uri, checked) => {
    const { logger, logged } = watchLog()
    const verify = { peers: ['loopback'] }
    const { url } = await startBroker({ logger, verify })
    const id = 'id-of-the-gateway'
    await fetch(`${url}/verify`, { headers: { [header]: uri, 'x-request-id': id } })
    await fetch(`${url}/healthz`, { headers: { [header]: uri } })
    const lines = logged()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ req }) => req)
    expect(lines).toMatchObject([
      { req: { id, path: '/verify' }, checked },
      { req: { path: '/healthz' } },
    ])
    expect(lines[1]).not.toHaveProperty('checked')
    expect(logged()).not.toContain('opaque-secret')
  },
)

test('a part that is away is named with its cause, and without a stack', () => {
  const { logger, logged } = watchLog()
  const cause = new Error('database is locked')
  createFailureReporter(logger)(new StoreUnavailableError({ cause }))
  expect(JSON.parse(logged())).toMatchObject({
    level: 50,
    reason: 'The store is unavailable: database is locked',
  })
  expect(logged()).not.toContain('stack')
})

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { NOW } from '../support/brokers/broker-under-test.ts'
import {
  iso,
  PATH,
  startMapboxBroker,
  startWithNeighbour,
} from '../support/brokers/mapbox-broker.ts'

describe('retrieve: GET /tokens/v2', () => {
  test('TokenValid for every usage', async () => {
    const { ask, sk } = await startMapboxBroker()
    const pk = (await ask('POST', PATH, { body: { scopes: ['styles:read'] } })).body
    expect((await ask('GET', '/tokens/v2', { token: pk.token })).body).toEqual({
      code: 'TokenValid',
      token: { usage: 'pk', user: 'demo', authorization: pk.id },
    })
    expect((await ask('GET', '/tokens/v2', { token: sk })).body).toMatchObject({
      code: 'TokenValid',
      token: { usage: 'sk' },
    })
  })

  test('TokenExpired shows the whole temporary token', async () => {
    const { ask, clock } = await startMapboxBroker()
    const expires = iso(NOW + 30_000)
    const { token } = (await ask('POST', PATH, { body: { expires, scopes: ['styles:read'] } })).body
    clock.now += 30_000
    expect(await ask('GET', '/tokens/v2', { token })).toMatchObject({
      status: 200,
      body: {
        code: 'TokenExpired',
        token: {
          usage: 'tk',
          user: 'demo',
          expires,
          created: iso(NOW),
          scopes: ['styles:read'],
          client: 'api',
        },
      },
    })
    expect((await ask('GET', PATH, { token })).status).toBe(401)
  })

  test('TokenRevoked, TokenInvalid, TokenMalformed', async () => {
    const { ask, sk } = await startMapboxBroker()
    const created = (await ask('POST', PATH, { body: { scopes: [] } })).body
    await ask('DELETE', `${PATH}/${created.id}`)
    const code = async (token: string) => (await ask('GET', '/tokens/v2', { token })).body
    expect(await code(created.token)).toMatchObject({
      code: 'TokenRevoked',
      token: { usage: 'pk' },
    })
    const forged = `${sk.slice(0, -22)}${'A'.repeat(22)}`
    expect(await code(forged)).toMatchObject({ code: 'TokenInvalid', token: { user: 'demo' } })
    for (const token of ['x', 'pk.x.y', `xk.${sk.slice(3)}`, `pk.e30.${'A'.repeat(22)}`])
      expect(await code(token)).toEqual({ code: 'TokenMalformed' })
  })

  test('TokenInvalid: a temporary token from the future, though genuine', async () => {
    const { ask, clock, sk } = await startMapboxBroker()
    clock.now += 60_000
    const body = { expires: iso(clock.now + 60_000), scopes: ['tokens:read'] }
    const { token } = (await ask('POST', PATH, { body, token: sk })).body
    const code = async () => (await ask('GET', '/tokens/v2', { token })).body
    clock.now -= 30_000
    expect(await code()).toMatchObject({ code: 'TokenValid' })
    clock.now -= 1_000
    expect(await code()).toMatchObject({ code: 'TokenInvalid' })
    expect((await ask('GET', PATH, { token })).status).toBe(401)
  })

  test('a missing token is 422', async () => {
    const { ask } = await startMapboxBroker()
    expect(await ask('GET', '/tokens/v2', { token: null })).toMatchObject({
      status: 422,
      body: { message: 'access token is required' },
    })
  })
})

describe('the error table', () => {
  test('401 Unauthorized: the token is missing, malformed, repeated or of another format', async () => {
    const { ask, createToken, sk } = await startMapboxBroker()
    for (const token of [null, 'x', await createToken('tokens:read tokens:write')])
      expect(await ask('GET', PATH, { token })).toMatchObject({
        status: 401,
        body: { message: 'Unauthorized' },
      })
    expect((await ask('GET', `${PATH}?access_token=x`)).status).toBe(200)
    const url = `${PATH}?access_token=${sk}&access_token=${sk}`
    expect((await ask('GET', url, { token: null })).status).toBe(401)
    const headers = { authorization: `Bearer ${sk}` }
    expect((await ask('GET', PATH, { token: null, headers })).status).toBe(401)
  })

  test('404 Not found: the scope is missing', async () => {
    const { ask, createMapboxToken } = await startMapboxBroker()
    const token = await createMapboxToken(['styles:list'])
    const missing = { status: 404, body: { message: 'Not found' } }
    expect(await ask('GET', PATH, { token })).toMatchObject(missing)
    expect(await ask('POST', PATH, { token, body: {} })).toMatchObject(missing)
    expect(await ask('PATCH', `${PATH}/x`, { token, body: {} })).toMatchObject(missing)
    expect(await ask('DELETE', `${PATH}/x`, { token })).toMatchObject(missing)
  })

  test('C1: foreign and absent accounts and tokens get the same answer', async () => {
    const { ask, neighbourId } = await startWithNeighbour()
    const absent = `c${'0'.repeat(24)}`
    for (const [method, body] of [['GET'], ['POST', {}]] as const) {
      const foreign = await ask(method, '/tokens/v2/neighbour', { body })
      const nobody = await ask(method, '/tokens/v2/nobody', { body })
      expect([foreign.status, foreign.body]).toEqual([404, { message: 'Not found' }])
      expect([nobody.status, nobody.body]).toEqual([foreign.status, foreign.body])
    }
    for (const [method, body] of [['PATCH', { note: 'x' }], ['DELETE']] as const)
      for (const path of [
        `${PATH}/${neighbourId}`,
        `${PATH}/${absent}`,
        `/tokens/v2/neighbour/${neighbourId}`,
        `/tokens/v2/nobody/${absent}`,
      ]) {
        const answer = await ask(method, path, { body })
        expect([answer.status, answer.body]).toEqual([404, { message: 'Not found' }])
      }
  })

  test('404 No such user: no account can have this name', async () => {
    const { ask } = await startMapboxBroker()
    expect(await ask('GET', '/tokens/v2/no%20body')).toMatchObject({
      status: 404,
      body: { message: 'No such user' },
    })
  })

  test('a token of another format is not found', async () => {
    const { ask, createToken } = await startMapboxBroker()
    const jwt = await createToken()
    const { sub } = JSON.parse(atob(jwt.split('.')[1] ?? ''))
    expect((await ask('DELETE', `${PATH}/${sub}`)).status).toBe(404)
  })

  test('400: the path has a token in place of its id', async () => {
    const { ask, sk } = await startMapboxBroker()
    for (const [method, body] of [['PATCH', {}], ['DELETE']] as const)
      expect(await ask(method, `${PATH}/${sk}`, { body })).toMatchObject({
        status: 400,
        body: { message: expect.any(String) },
      })
  })

  test('429 with the documented headers: more than 120 requests a minute for an account, over all its tokens', async () => {
    // The limit counts by the clock of the system.
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    onTestFinished(() => void vi.useRealTimers())
    const { ask, createMapboxToken } = await startMapboxBroker()
    const second = await createMapboxToken(['tokens:read'])
    let last = await ask('GET', PATH)
    expect(Object.fromEntries(last.headers)).toMatchObject({
      'x-rate-limit-interval': '60',
      'x-rate-limit-limit': '120',
      'x-rate-limit-reset': String(NOW / 1000 + 60),
    })
    for (let i = 1; i < 120; i++) last = await ask('GET', PATH, { token: second })
    expect(last.status).toBe(200)
    last = await ask('GET', PATH)
    expect([last.status, last.body]).toEqual([429, { message: expect.any(String) }])
    expect(last.headers.get('x-rate-limit-reset')).toBe(String(NOW / 1000 + 60))
    expect(last.headers.get('retry-after')).toBe('60')
    vi.setSystemTime(NOW + 60_000)
    expect((await ask('GET', PATH)).status).toBe(200)
  })

  test('the limit is configurable, and requests of pages do not use up the limit of servers', async () => {
    const { ask } = await startMapboxBroker({ mapbox: { requestsPerMinute: 3 } })
    const { token } = (await ask('POST', PATH, { body: { scopes: [] } })).body
    for (let i = 0; i < 5; i++) await ask('GET', '/tokens/v2', { token })
    expect((await ask('GET', '/tokens/v2', { token })).status).toBe(429)
    expect((await ask('GET', PATH)).status).toBe(200)
  })

  test('other methods and paths get an error of the same shape', async () => {
    const { ask } = await startMapboxBroker()
    for (const [method, path, status] of [
      ['PUT', PATH, 405],
      ['GET', `${PATH}/x`, 405],
      ['POST', '/scopes/v1/demo', 405],
      ['GET', `${PATH}/x/y`, 404],
      ['GET', '/tokens/v2/', 404],
      ['GET', '/tokens/v2/%ff', 400],
    ] as const) {
      const answer = await ask(method, path)
      expect([path, answer.status, answer.body]).toEqual([
        path,
        status,
        { message: expect.any(String) },
      ])
    }
  })

  test('a page can read every status: refusals have CORS headers, and a preflight needs no token', async () => {
    const { ask } = await startMapboxBroker()
    const refused = await ask('GET', PATH, { token: null })
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('cache-control')).toBe('no-store')
    const preflight = await ask('OPTIONS', `${PATH}/x`, { token: null })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      expect.stringContaining('PATCH'),
    ])
  })
})

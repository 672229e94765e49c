import { afterAll, describe, expect, test } from 'vitest'
import {
  createBudgets,
  createRequestCheck,
  createVerifier,
  type GuardOptions,
  guard,
} from '../../src/fetch.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen } from '../support/server.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const URL = 'https://tiles.example/world/0/0/0.mvt'

const ask = (headers: Record<string, string> = { authorization: `Bearer ${token}` }, init = {}) =>
  new Request(URL, { headers, ...init })

/** A guard whose handler counts its calls. */
function countCalls(options: Partial<GuardOptions> = {}) {
  const calls: unknown[][] = []
  const handle = guard({ ...shared, ...options } as GuardOptions, (...args: unknown[]) => {
    calls.push(args)
    return new Response('tile')
  })
  return { handle, calls }
}

const keys = await listen((request, response) => {
  if (request.url === '/jwks.json') response.end(JSON.stringify(issuer.jwks))
})
afterAll(keys.close)

describe('the wrapped handler', () => {
  test('runs for a valid token, with all that the runtime gives it and the claims', async () => {
    const { handle, calls } = countCalls()
    const request = ask()
    const [env, context] = [{ BUCKET: 1 }, { waitUntil: () => undefined }]
    const response = await handle(request, env, context)
    expect([response.status, await response.text()]).toEqual([200, 'tile'])
    expect(calls).toEqual([[request, env, context, expect.objectContaining({ sub: 'tok_1' })]])
  })

  test.each<[string, Request, number]>([
    ['without a token', ask({}), 401],
    ['with garbage', ask({ authorization: 'Bearer x' }), 401],
    ['with several tokens', ask({ authorization: `Bearer ${token}, Bearer ${token}` }), 400],
    ['with a token in the query', new Request(`${URL}?access_token=${token}`), 401],
    ['without the scope', ask({ authorization: `Bearer ${issuer.sign({ scope: 'x' })}` }), 403],
    ['for HEAD without a token', ask({}, { method: 'HEAD' }), 401],
    ['for POST without a token', ask({}, { method: 'POST' }), 401],
    ['for OPTIONS', ask({}, { method: 'OPTIONS' }), 204],
    ['for OPTIONS with a token', ask(undefined, { method: 'OPTIONS' }), 204],
  ])('does not run %s', async (_, request, status) => {
    const { handle, calls } = countCalls({ scope: 'tiles:read' })
    const response = await handle(request)
    expect([response.status, calls]).toEqual([status, []])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.text()).not.toContain(token)
  })

  test('G5: does not run while there is no key set, or a verifier fails', async () => {
    const broken = { recall: () => undefined, verify: () => Promise.reject(new Error('bug')) }
    const down = () => Promise.reject(new Error())
    for (const [options, status] of [
      [{ jwks: 'https://issuer.example/jwks.json', fetch: down }, 503],
      [{ isRevoked: () => Promise.reject(Object.assign(new Error(), { status: 503 })) }, 503],
    ] as const) {
      const { handle, calls } = countCalls(options)
      expect([(await handle(ask())).status, calls]).toEqual([status, []])
    }
    const handle = guard({ verifier: broken }, () => new Response('tile'))
    expect((await handle(ask())).status).toBe(500)
  })
})

describe('construction', () => {
  test('fetches nothing; options from the environment are made once, at the first request', async () => {
    const made: unknown[] = []
    const fetched: unknown[] = []
    const handle = guard(
      (env: { ISSUER: string }) => {
        made.push(env)
        const fetch = (input: unknown) => {
          fetched.push(String(input))
          return globalThis.fetch(`${keys.url}/jwks.json`)
        }
        return { ...shared, issuer: env.ISSUER, jwks: `${ISSUER}/jwks.json`, fetch }
      },
      () => new Response('tile'),
    )
    expect([made, fetched]).toEqual([[], []])
    const env = { ISSUER }
    const both = await Promise.all([handle(ask(), env), handle(ask(), { ISSUER })])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect([made, fetched]).toEqual([[env], [`${ISSUER}/jwks.json`]])
  })

  test('refuses invalid options: at once, or with the request that brings them', async () => {
    const handler = () => new Response('tile')
    const mistyped = { ...shared, scopes: 'tiles:read' } as GuardOptions
    expect(() => guard(mistyped, handler)).toThrow('"scopes" is not an option')
    expect(() => createRequestCheck(mistyped)).toThrow('"scopes" is not an option')
    await expect(guard(() => mistyped, handler)(ask())).rejects.toThrow('"scopes"')
    // @ts-expect-error Counts that are written later would be lost with their request.
    expect(() => createBudgets({ tilesPerDay: 1, write: async () => new Map() })).toThrow('"write"')
  })
})

test('a request whose fetch of the key set is lost holds up no other', async () => {
  let fetches = 0
  const fetch = (): Promise<Response> => {
    fetches += 1
    if (fetches === 1) return new Promise(() => undefined)
    return globalThis.fetch(`${keys.url}/jwks.json`)
  }
  const { handle } = countCalls({ jwks: `${ISSUER}/jwks.json`, fetch })
  void handle(ask())
  const others = await Promise.all([handle(ask()), handle(ask()), handle(ask())])
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(fetches).toBe(2)
})

test('what is fetched behind an answer is kept alive by the context, called as its method', async () => {
  const clock = { now: NOW }
  const kept: Promise<unknown>[] = []
  class Context {
    readonly kept = kept
    waitUntil(promise: Promise<unknown>) {
      this.kept.push(promise)
    }
  }
  const jwks = `${keys.url}/jwks.json`
  const handle = guard({ ...shared, jwks, now: () => clock.now }, () => new Response('tile'))
  const lasting = { authorization: `Bearer ${issuer.sign({ exp: NOW / 1000 + 86_400 })}` }
  expect((await handle(ask(lasting), {}, new Context())).status).toBe(200)
  await Promise.all(kept.splice(0))
  clock.now += 700_000
  expect((await handle(ask(lasting), {}, new Context())).status).toBe(200)
  expect(kept.length).toBe(1)
  await Promise.all(kept)
})

describe('createRequestCheck', () => {
  const check = createRequestCheck({ ...shared, tiles: '/{tileset}/{z}/{x}/{y}.mvt' })

  test('returns an answer, or the claims and what protects the handler’s response', async () => {
    const refused = await check(ask({}))
    expect([refused.response?.status, refused.claims]).toEqual([401, undefined])
    const passed = await check(ask())
    expect([passed.response, passed.claims?.sub]).toEqual([undefined, 'tok_1'])
    const response = passed.protect?.(new Response('tile'))
    expect(response?.headers.get('cache-control')).toBe('private, max-age=3600')
  })

  test.each<[string, number]>([
    ['/a/3/4/2.mvt', 200],
    ['/b/3/4/2.mvt', 403],
    ['/a/3/4/2.mvt?v=1', 403],
    ['/a/3/4/2.mvt#/b', 200],
    ['/%61/3/4/2.mvt', 403],
    ['/a%2F3/4/2.mvt', 403],
    ['/b/%2e%2e/a/3/4/2.mvt', 200],
    ['/a//3/4/2.mvt', 403],
    ['/%2561/3/4/2.mvt', 403],
    ['/b\\..\\a/3/4/2.mvt', 200],
    ['', 403],
    ['?/a/3/4/2.mvt', 403],
  ])('a token for "a" asks for %s: %j, as a handler reads it', async (target, status) => {
    const authorization = `Bearer ${issuer.signTiles({ tilesets: ['a'] })}`
    const request = new Request(`https://tiles.example${target}`, { headers: { authorization } })
    const { response } = await check(request)
    expect(response?.status ?? 200).toBe(status)
    if (status === 200) expect(new globalThis.URL(request.url).pathname).toBe('/a/3/4/2.mvt')
  })

  test.each([
    'https://tiles.example/a/3/../3/4/2.mvt',
    'https://tiles.example\\x/a/3/4/2.mvt',
    'https://tiles.example?/a/3/4/2.mvt',
    'https://tiles.example#/a/3/4/2.mvt',
    'https://tiles.example',
    '/a/3/4/2.mvt',
  ])('of a runtime that hands on what a client sent, %s opens nothing', async (url) => {
    const headers = new Headers({
      authorization: `Bearer ${issuer.signTiles({ tilesets: ['a'] })}`,
    })
    const { response } = await check({ url, headers, method: 'GET' } as Request)
    expect(response?.status).toBe(403)
  })
})

test('budgets count per isolate', async () => {
  const budgets = createBudgets({ tilesPerToken: 1, now: () => NOW })
  const { handle } = countCalls({ budgets })
  expect((await handle(ask())).status).toBe(200)
  expect((await handle(ask())).status).toBe(429)
})

test('onRefusal gets each refusal with its request', async () => {
  const refused: unknown[] = []
  const { handle } = countCalls({ onRefusal: (error, { url }) => refused.push([error, url]) })
  await handle(ask({}))
  expect(refused).toEqual([[expect.objectContaining({ code: 'AUTH_REQUIRED' }), URL]])
})

test('a verifier of this module serves several guards', async () => {
  const verifier = createVerifier(shared)
  const handle = guard({ verifier, scope: 'tiles:read' }, () => new Response('tile'))
  expect((await handle(ask())).status).toBe(200)
})

import { TokenError, type TokenManagerOptions } from '@tilepass/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { RequestParameters } from '../src/maplibre-shapes.ts'
import { registerWaitingProtocol } from '../src/waiting-protocol.ts'
import { disposeManagers, HTTPS, type Load, manage } from './support/authorizers.ts'

afterEach(() => {
  disposeManagers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const SCHEME = 'waits'
const wrapped = (path: string) => `${SCHEME}://${HTTPS}${path}`

/** The registered protocol, with a manager that has a token. */
async function setUp(options: Partial<TokenManagerOptions> = {}) {
  const { manager } = manage([HTTPS], 'canary', options)
  await manager.getToken()
  const fireError = vi.fn()
  const onTile = vi.fn()
  let load: Load | undefined
  registerWaitingProtocol(
    (scheme, given) => {
      expect(scheme).toBe(SCHEME)
      load = given
    },
    SCHEME,
    {
      open: async (url) => ({ covered: manager.match(url.slice(`${SCHEME}://`.length)) }),
      onTile,
      fireError,
    },
  )
  const abort = new AbortController()
  const request = (path: string, more: Partial<RequestParameters> = {}) =>
    (load as Load)({ url: wrapped(path), ...more }, abort)
  return { manager, fireError, onTile, abort, request }
}

/** The network: answers each request by the token that it carries. */
function serve(answer: (token: string) => Response | Promise<Response>) {
  const fetched = vi.fn(async (_url: string, init?: RequestInit) =>
    answer(new Headers(init?.headers).get('authorization')?.slice(7) ?? ''),
  )
  vi.stubGlobal('fetch', fetched)
  return fetched
}

describe('an answer', () => {
  test('is parsed as MapLibre asks for it, with what its cache needs', async () => {
    const { request } = await setUp()
    const headers = { 'cache-control': 'max-age=60', expires: 'soon', etag: '"1"' }
    const fetched = serve(() => new Response('{"a":1}', { headers }))
    expect(await request('style.json', { type: 'json' })).toEqual({
      data: { a: 1 },
      cacheControl: 'max-age=60',
      expires: 'soon',
      etag: '"1"',
    })
    const sent = new Headers(fetched.mock.calls[0]?.[1]?.headers)
    expect([sent.get('accept'), sent.get('authorization')]).toEqual([
      'application/json',
      'Bearer canary-1',
    ])
    const { data } = await request('tile.mvt', { type: 'arrayBuffer', headers: { 'x-own': '1' } })
    expect(new TextDecoder().decode(data)).toBe('{"a":1}')
    expect(new Headers(fetched.mock.calls[1]?.[1]?.headers).get('x-own')).toBe('1')
  })

  test('is given to isAuthFailure once, with a readable body', async () => {
    const asked: string[] = []
    const { request } = await setUp({
      isAuthFailure: async (response) => {
        asked.push(await response.text())
        return asked.at(-1) === 'code 498'
      },
    })
    serve((token) => new Response(token === 'canary-1' ? 'code 498' : 'good'))
    const { data } = await request('tile.mvt')
    expect(new TextDecoder().decode(data)).toBe('good')
    expect(asked).toEqual(['code 498', 'good'])
  })

  test('that refuses every token is an error with status 401, whatever it looks like', async () => {
    const isAuthFailure = vi.fn(({ status }: Response) => status === 403)
    const { request, fireError } = await setUp({ isAuthFailure })
    serve(() => new Response('', { status: 403 }))
    await expect(request('style.json')).rejects.toMatchObject({
      status: 401,
      url: wrapped('style.json'),
    })
    expect(isAuthFailure).toHaveBeenCalledTimes(2)
    expect(fireError).not.toHaveBeenCalled()
  })

  test('with another status is an error with that status', async () => {
    const { request } = await setUp()
    serve(() => new Response('', { status: 404, statusText: 'Not Found' }))
    await expect(request('tile.mvt')).rejects.toMatchObject({
      status: 404,
      message: 'Not Found (404)',
    })
  })
})

test('glyphs that are refused are an error of the maps, since MapLibre fires none', async () => {
  const { request, fireError } = await setUp()
  serve(() => new Response('', { status: 401 }))
  const error = await request('font/0-255.pbf#Glyphs').catch((error) => error)
  expect(fireError.mock.calls).toEqual([[error]])
})

test('a network failure is an error with status 0', async () => {
  const { request } = await setUp()
  serve(() => Promise.reject(new TypeError('Failed to fetch')))
  await expect(request('tile.mvt')).rejects.toMatchObject({ status: 0, noToken: false })
})

test('an abort that is not ours, as when the page is left, is not taken for a missing token', async () => {
  const { manager, request } = await setUp()
  serve(() => Promise.reject(new DOMException('The page was left.', 'AbortError')))
  await expect(request('tile.mvt')).rejects.toMatchObject({ status: 0, noToken: false })
  expect(manager.peek()?.value).toBe('canary-1')
})

test.each(['json', 'arrayBuffer'] as const)(
  'a body of type %s that is cut midway is an error with status 0',
  async (type) => {
    const { request } = await setUp()
    const cut = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{'))
          controller.error(new TypeError('network error'))
        },
      })
    serve(() => new Response(cut()))
    await expect(request('tile.mvt', { type })).rejects.toMatchObject({
      status: 0,
      url: wrapped('tile.mvt'),
      noToken: false,
    })
  },
)

test('a missing token is an error with status 401 that says so', async () => {
  const { manager, request } = await setUp()
  vi.spyOn(manager, 'reject')
  serve(() =>
    Promise.reject(new TokenError('ERR_TOKEN_UNAVAILABLE', 'The token endpoint is unreachable.')),
  )
  await expect(request('tile.mvt')).rejects.toMatchObject({
    status: 401,
    message: 'The token endpoint is unreachable. (401)',
    noToken: true,
  })
})

test('an abort rejects with its own reason', async () => {
  const { abort, request } = await setUp()
  const reason = new DOMException('moved away', 'AbortError')
  serve(() => {
    abort.abort(reason)
    throw reason
  })
  await expect(request('tile.mvt')).rejects.toBe(reason)
})

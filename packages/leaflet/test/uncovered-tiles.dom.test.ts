import { createTokenManager } from '@tilepass/core'
import { afterEach, expect, test, vi } from 'vitest'
import { createUncoveredProbe } from '../src/uncovered-tiles.ts'

afterEach(() => vi.unstubAllGlobals())

/** A probe, what it requests, and what the manager reports. */
function setUp(answer: (url: string) => Response | Promise<Response>) {
  const fetched = vi.fn(async (url: string, _init?: RequestInit) => answer(url))
  vi.stubGlobal('fetch', fetched)
  const tokens = createTokenManager('/map-token', { allow: ['https://tiles.example/v1/'] })
  const reported: string[] = []
  tokens.on('error', ({ code, message }) => reported.push(`${code} ${message.split(' ')[0]}`))
  const probe = createUncoveredProbe(tokens)
  const fail = async (...urls: (string | null)[]) => {
    for (const url of urls) probe(url)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return { fail, fetched, reported }
}

test('a refused image beside "allow" is reported once, after one request without a token', async () => {
  const { fail, fetched, reported } = setUp(() => new Response('', { status: 401 }))
  await fail('http://tiles.example/v1/1', 'http://tiles.example/v1/2', 'http://tiles.example/v1/3')
  expect(fetched).toHaveBeenCalledTimes(1)
  expect(fetched.mock.calls[0]?.[1]).toEqual({ cache: 'no-store' })
  expect(reported).toEqual(['ERR_URL_NOT_ALLOWED http://tiles.example/v1/1'])
})

test('gaps of a tileset cost three requests', async () => {
  const { fail, fetched, reported } = setUp(() => new Response('', { status: 404 }))
  for (let tile = 0; tile < 20; tile += 1) await fail(`https://open.example/${tile}`)
  expect([fetched.mock.calls.length, reported]).toEqual([3, []])
})

test('a refusal after gaps is still seen, and ends the requests', async () => {
  const { fail, fetched, reported } = setUp(
    (url) => new Response('', { status: url.endsWith('403') ? 403 : 404 }),
  )
  for (const tile of ['1', '403', '2', '3']) await fail(`https://open.example/${tile}`)
  expect(reported).toEqual(['ERR_URL_NOT_ALLOWED https://open.example/403'])
  expect(fetched).toHaveBeenCalledTimes(2)
})

test('a server without CORS is asked once, and nothing is thrown', async () => {
  const { fail, fetched, reported } = setUp(() => Promise.reject(new TypeError('Failed to fetch')))
  await fail('https://open.example/1')
  await fail('https://open.example/2')
  expect([fetched.mock.calls.length, reported]).toEqual([1, []])
})

test('what a rule covers, and what is no web address, costs no request', async () => {
  const { fail, fetched } = setUp(() => new Response('', { status: 401 }))
  await fail(
    'https://tiles.example/v1/1',
    'data:,',
    'blob:https://tiles.example/1',
    'http://[',
    null,
  )
  expect(fetched).not.toHaveBeenCalled()
})

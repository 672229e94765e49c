import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type AllowRule,
  createTokenManager,
  createTokenPool,
  type TokenError,
} from '../src/index.ts'

afterEach(() => vi.unstubAllGlobals())

/** What a manager with these rules reports. */
function watch(allow: readonly AllowRule[]) {
  const errors: TokenError[] = []
  const tokens = createTokenManager('/map-token', { allow })
  tokens.on('error', (error) => errors.push(error))
  const explain = (url: string, status = 401) => {
    tokens.reportUncovered(url, status)
    return errors.at(-1)?.message
  }
  return { tokens, errors, explain }
}

describe('the report of a refusal beside "allow"', () => {
  const RULE = 'https://tiles.example.com/v1/'

  test.each([
    ['another scheme', 'http://tiles.example.com/v1/1.png', 'scheme http: is not https:.'],
    ['another port', 'https://tiles.example.com:8443/v1/1.png', 'port 8443 is not default.'],
    [
      'a sibling host',
      'https://api.example.com/v1/1.png',
      'host api.example.com is not tiles.example.com.',
    ],
    ['another path', 'https://tiles.example.com/styles/a.json', 'path /styles is not /v1.'],
    ['a mistyped prefix', 'https://tiles.example.com/V1/1.png', 'path /V1 is not /v1.'],
    ['a longer segment', 'https://tiles.example.com/v10/1.png', 'path /v10 is not /v1.'],
    [
      'several things',
      'http://api.example.com:81/1.png',
      'scheme http: is not https:, host api.example.com is not tiles.example.com, port 81 is not default, path /1.png is not /v1.',
    ],
    ['dots', 'https://tiles.example.com/v1/a%2f..%2fb', 'user name or hidden dots.'],
  ])('says what differs: %s', (_, url, what) => {
    const message = watch([RULE]).explain(url)
    expect(message).toContain(`The nearest rule is "${RULE}": ${what}`)
  })

  test.each([
    ['http://127.0.0.1:3000/v1/1', 'host 127.0.0.1 is not localhost, port 3000 is not 5173.'],
    ['http://[::1]:5173/v1/1', 'host [::1] is not localhost.'],
  ])('says so of another name of this machine: %s', (url, what) => {
    const { explain } = watch([RULE, 'http://localhost:5173/v1/'])
    expect(explain(url)).toContain(`"http://localhost:5173/v1/": ${what}`)
  })

  test('P4: shows no key that is in the path, wherever the rule has a segment', () => {
    const key = 'canary0123456789abcdef'
    const { explain } = watch(['https://a-host-of-more-than-20-characters.example.com/v4/styles/'])
    const host = 'https://a-host-of-more-than-20-characters.example.com'
    for (const path of [`/${key}`, `/v4/${key}/1`, `/v4/${key}`, `/v4/styles/${key}/1`]) {
      const message = watch([`${host}/v4/map/`]).explain(`${host}${path}?access_token=${key}`)
      expect(message).not.toContain('canary')
      expect(message).toContain(`${host}/`)
    }
    expect(explain(`${host}/v4/${key}/1`)).toContain('path /v4/… is not /v4/styles')
  })

  test('names the rule that is most alike: of the host, of a sibling, of the path', () => {
    const allow = [
      'https://a.example.org/x/',
      'https://b.example.com/v1/',
      'https://b.example.com/v2/',
    ]
    const nearest = (url: string) => /rule is "([^"]+)"/.exec(watch(allow).explain(url) ?? '')?.[1]
    expect(nearest('https://b.example.com/v3/1')).toBe(allow[1])
    expect(nearest('https://b.example.com/v2x/1')).toBe(allow[2])
    expect(nearest('http://a.example.org:81/v1/')).toBe(allow[0])
    expect(nearest('https://c.example.org/v1/')).toBe(allow[0])
  })

  test('comes once per origin, for 401 and 403 only, and shows no query, fragment or user', () => {
    const { errors, explain } = watch([RULE])
    for (const status of [200, 404, 500, 0]) explain('https://a.example/1', status)
    expect(errors).toEqual([])
    explain('https://user:canary@a.example/1?access_token=canary#canary', 403)
    for (const path of ['2', '3']) explain(`https://a.example/${path}`)
    explain('https://b.example/1')
    expect(errors.map(({ code, status }) => [code, status])).toEqual([
      ['ERR_URL_NOT_ALLOWED', 403],
      ['ERR_URL_NOT_ALLOWED', 401],
    ])
    expect(errors[0]?.message).toMatch(/^https:\/\/a\.example\/1 answered 403, but "allow"/)
    expect(JSON.stringify(errors.map(({ message }) => message))).not.toContain('canary')
  })

  test('remembers a bounded number of origins', () => {
    const { errors, explain } = watch([RULE])
    for (let host = 0; host < 1000; host += 1) explain(`https://h${host}.example/`)
    expect(errors).toHaveLength(50)
  })

  test('is not made for what is no web address', () => {
    const { errors, explain } = watch([RULE])
    for (const url of ['pmtiles://https://a.example/1', 'data:,', 'blob:null/1', 'no url', ''])
      explain(url)
    expect(errors).toEqual([])
  })

  test('is made by fetch, whatever the caller does with the answer', async () => {
    const { tokens, errors } = watch([RULE])
    vi.stubGlobal('fetch', async () => new Response('', { status: 403 }))
    for (const url of ['https://a.example/1', new URL('https://a.example/2')])
      expect((await tokens.fetch(url)).status).toBe(403)
    await tokens.fetch(new Request('https://b.example/'))
    expect(errors.map(({ message }) => message.split(' ')[0])).toEqual([
      'https://a.example/1',
      'https://b.example/',
    ])
  })
})

test('a pool reports a refusal of a URL without a key, with the rules of the key used last', async () => {
  const pool = createTokenPool(
    (url) => /^https:\/\/tiles\.example\/(\w+)\//.exec(url)?.[1],
    (key) => createTokenManager('/map-token', { allow: [`https://tiles.example/${key}/`] }),
  )
  vi.stubGlobal('fetch', async () => new Response('', { status: 401 }))
  const messages: string[] = []
  pool.on('error', ({ message }) => messages.push(message))
  await pool.fetch('https://cdn.example/1')
  expect(messages).toEqual([])
  pool.match('https://tiles.example/north/1')
  await pool.fetch('https://cdn.example/1')
  pool.reportUncovered('https://tiles.example/1', 403)
  void pool.isAuthFailure('https://other.example/', new Response('', { status: 401 }))
  expect(messages.map((message) => /rule is "([^"]+)"/.exec(message)?.[1])).toEqual([
    'https://tiles.example/north/',
    'https://tiles.example/north/',
    'https://tiles.example/north/',
  ])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attachToken } from '../src/authorize.ts'

const attach = { query: 'access_token' }

test.each([
  ['https://a.example/1.png', 'https://a.example/1.png?access_token=t'],
  ['https://a.example/1.png?x=1', 'https://a.example/1.png?x=1&access_token=t'],
  ['https://a.example/1.png?access_token=old&x=1#f', 'https://a.example/1.png?x=1&access_token=t'],
  ['https://a.example/?bbox=1,2&q=a%20b?c', 'https://a.example/?bbox=1,2&q=a%20b?c&access_token=t'],
  ['/1.png?', '/1.png?access_token=t'],
])('a query rule turns %s into %s', (url, expected) => {
  expect(attachToken({ url, attach }, 't').url).toBe(expected)
})

test('a header rule leaves the URL unchanged, in a new object every time', () => {
  const header = { url: 'https://a.example/?x', attach: 'header' as const }
  const first = attachToken(header, 't')
  expect(first).toEqual({
    url: 'https://a.example/?x',
    headers: { Authorization: 'Bearer t' },
    token: 't',
  })
  expect(attachToken(header, 't').headers).not.toBe(first.headers)
})

test('a cookie rule attaches nothing: the browser sends the cookie by itself', () => {
  const url = 'https://a.example/1.png?x#f'
  expect(attachToken({ url, attach: 'cookie' }, 't')).toEqual({ url, headers: {}, token: 't' })
})

test('any token survives the query unchanged', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (token) => {
      const given = { url: 'https://a.example/x?access_token=1&a=b', attach }
      const { url } = attachToken(given, token)
      expect(new URL(url).searchParams.getAll('access_token')).toEqual([token])
      expect(new URL(url).searchParams.get('a')).toBe('b')
    }),
  )
})

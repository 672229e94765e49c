import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attachToken } from '../src/authorize.ts'

const TOKEN = { value: 't' }
const query = { prefix: '', attach: { query: 'access_token' } }

test.each([
  ['https://a.example/1.png', 'https://a.example/1.png?access_token=t'],
  ['https://a.example/1.png?x=1', 'https://a.example/1.png?x=1&access_token=t'],
  ['https://a.example/1.png?access_token=old&x=1#f', 'https://a.example/1.png?x=1&access_token=t'],
  ['https://a.example/?bbox=1,2&q=a%20b?c', 'https://a.example/?bbox=1,2&q=a%20b?c&access_token=t'],
  ['/1.png?', '/1.png?access_token=t'],
])('a query rule turns %s into %s', (url, expected) => {
  expect(attachToken(url, query, TOKEN).url).toBe(expected)
})

test('a header rule leaves the URL unchanged, in a new object every time', () => {
  const rule = { prefix: '', attach: 'header' as const }
  const first = attachToken('https://a.example/?x', rule, TOKEN)
  expect(first).toEqual({
    url: 'https://a.example/?x',
    headers: { Authorization: 'Bearer t' },
    token: 't',
  })
  expect(attachToken('https://a.example/?x', rule, TOKEN).headers).not.toBe(first.headers)
})

test('a cookie rule attaches nothing: the browser sends the cookie by itself', () => {
  const rule = { prefix: '', attach: 'cookie' as const }
  const url = 'https://a.example/1.png?x#f'
  expect(attachToken(url, rule, TOKEN)).toEqual({ url, headers: {}, token: 't' })
})

test('any token survives the query unchanged', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (value) => {
      const { url } = attachToken('https://a.example/x?access_token=1&a=b', query, { value })
      expect(new URL(url).searchParams.getAll('access_token')).toEqual([value])
      expect(new URL(url).searchParams.get('a')).toBe('b')
    }),
  )
})

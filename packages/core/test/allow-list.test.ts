import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AllowRule, createAllowList } from '../src/allow-list.ts'

const RULE = 'https://tiles.example.com/v1/'

describe('P1: the token goes only to exact matches of origin and path segment', () => {
  test.each([
    ['the prefix itself', RULE],
    ['below it', `${RULE}tiles/1/2/3.mvt`],
    ['with a query', `${RULE}tiles/1/2/3.mvt?a=1&b=,2`],
    ['in upper case, which parses alike', 'HTTPS://TILES.example.com/v1/a'],
    ['with the default port', 'https://tiles.example.com:443/v1/a'],
    ['with encoded letters', `${RULE}gr%C3%BC%C3%9Fe/1.png`],
    ['with dot segments that stay below', `${RULE}a/../b`],
    ['with spaces around', ` ${RULE}a `],
  ])('allows a URL %s', (_, url) => {
    expect(createAllowList([RULE]).match(url)?.prefix).toBe(RULE)
  })

  test.each([
    ['a suffix host', 'https://tiles.example.com.evil.example/v1/a'],
    ['a prefix host', 'https://evil-tiles.example.com/v1/a'],
    ['a trailing dot host', 'https://tiles.example.com./v1/a'],
    ['user information that looks like the host', 'https://tiles.example.com@evil.example/v1/a'],
    ['user information before the host', 'https://user:pw@tiles.example.com/v1/a'],
    ['another port', 'https://tiles.example.com:8443/v1/a'],
    ['http', 'http://tiles.example.com/v1/a'],
    ['a custom protocol', 'pmtiles://https://tiles.example.com/v1/a'],
    ['a blob', 'blob:https://tiles.example.com/v1/a'],
    ['a double slash path', 'https://tiles.example.com//v1/a'],
    ['a backslash host', 'https://evil.example\\@tiles.example.com/v1/a'],
    ['a host behind a backslash', 'https:\\\\evil.example\\tiles.example.com/v1/a'],
    ['a path that leaves by dots', `${RULE}../v2/a`],
    ['a path that leaves by encoded dots', `${RULE}%2e%2e/v2/a`],
    ['a path that a server may resolve', `${RULE}..%2fv2/a`],
    ['a path that a server may resolve twice', `${RULE}a/%2e%2e%2f%2e%2e%5cv2`],
    ['another path segment', 'https://tiles.example.com/v10/a'],
    ['the host in the path', 'https://evil.example/https://tiles.example.com/v1/a'],
    ['the host in the query', `https://evil.example/?${RULE}`],
    ['the host in the fragment', `https://evil.example/#${RULE}`],
    ['no URL', 'not a url'],
    ['an empty string', ''],
  ])('refuses %s', (_, url) => {
    expect(createAllowList([RULE]).match(url)).toBeUndefined()
  })
})

test('a prefix without a slash ends at a path segment', () => {
  const list = createAllowList(['https://a.example/v1'])
  for (const url of ['/v1', '/v1/', '/v1/x', '/v1?x=1', '/v1#x']) {
    expect(list.match(`https://a.example${url}`), url).toBeDefined()
  }
  for (const url of ['/v10', '/v1x', '/v1.json', '/v1%2f']) {
    expect(list.match(`https://a.example${url}`), url).toBeUndefined()
  }
})

test('the longest prefix wins, in any order', () => {
  const rules: AllowRule[] = [
    'https://a.example/',
    { prefix: 'https://a.example/v1/raster', attach: { query: 'token' } },
    'https://a.example/v1/',
  ]
  for (const list of [createAllowList(rules), createAllowList([...rules].reverse())]) {
    expect(list.match('https://a.example/v1/raster/1.png')?.attach).toEqual({ query: 'token' })
    expect(list.match('https://a.example/v1/rasters')?.prefix).toBe('https://a.example/v1/')
    expect(list.match('https://a.example/v1/r%61ster/1.png')?.prefix).toBe('https://a.example/v1/')
  }
})

test.each([
  [[], /at least one/],
  [[''], /"allow": ""/],
  [['//tiles.example.com/'], /tiles.example.com/],
  [['https://user@a.example/'], /without user/],
  [['https://a.example/?x=1'], /query/],
  [['https://*.example/'], /wildcard/],
  [['https://{s}.example/'], /wildcard/],
  [[{ prefix: 'https://a.example/', attach: { query: 'a b' } }], /attach/],
  [[{ prefix: 'https://a.example/', attach: 'cookies' as 'cookie' }], /attach/],
] as [AllowRule[], RegExp][])('refuses the rules %j when they are given', (allow, message) => {
  expect(() => createAllowList(allow)).toThrow(message)
  expect(() => createAllowList(allow)).toThrow(TypeError)
})

test('a relative prefix is accepted where there is no page, and throws there when it is first needed', () => {
  const list = createAllowList(['/v1/'])
  expect(() => list.match('https://a.example/v1/x')).toThrow(/"\/v1\/"/)
})

test('comparing strings and comparing parsed URLs agree', () => {
  const paths = fc.stringMatching(/^[a-z0-9~_./%?#&=:@\\-]{0,30}$/)
  const list = createAllowList([RULE, 'https://tiles.example.com/v2'])
  fc.assert(
    fc.property(paths, (path) => {
      for (const url of [
        `${RULE}${path}`,
        `https://tiles.example.com/${path}`,
        `https://tiles.example.com${path}`,
      ]) {
        if (!list.match(url)) continue
        const parsed = new URL(url)
        expect(parsed.origin).toBe('https://tiles.example.com')
        expect(parsed.pathname).toMatch(/^\/(?:v1\/|v2(?:\/|$))/)
        expect(parsed.username + parsed.password).toBe('')
      }
    }),
    { numRuns: 2000 },
  )
})

test.each(['/v1/', 'https://tiles.example/v1/', undefined, [], [{ attach: 'header' }]])(
  'allow: %j is refused at construction, so that no token goes where nobody meant it to',
  (allow) => {
    expect(() => createAllowList(allow as never)).toThrow(TypeError)
  },
)

test('a path parameter does not hide a dot segment', () => {
  const { match } = createAllowList(['https://tiles.example/v1/'])
  expect(match('https://tiles.example/v1/..;/admin')).toBeUndefined()
  expect(match('https://tiles.example/v1/a;b/c')).toBeDefined()
})

import { describe, expect, test } from 'vitest'
import { isAllowedUrl, isSourceAllowed } from '../../../src/issuer/mapbox/allowed-urls.ts'

describe('what a token can be restricted to', () => {
  test.each([
    'https://a.example',
    'http://a.example:8080/path/',
    'a.example',
    'a.example/maps',
    'localhost:8080',
    '127.0.0.1',
    'http://[::1]:3000',
  ])('%s', (url) => expect(isAllowedUrl(url)).toBe(true))

  test.each([
    '',
    ' ',
    'https://',
    'ftp://a.example',
    'javascript:alert(1)',
    '//a.example',
    'https://user@a.example',
    'https://*.example',
    'https://a.example?x',
    'https://a.example#x',
    'https://a.example\\x',
    'https://a.example/\u0000',
    'https://a.example.',
    `https://a.example/${'x'.repeat(2048)}`,
  ])('not %j', (url) => expect(isAllowedUrl(url)).toBe(false))
})

describe('the pages that may use it', () => {
  const from = (allowed: string, referer: string) => isSourceAllowed([allowed], { referer })

  test.each([
    ['https://a.example', 'https://a.example/'],
    ['https://a.example', 'https://b.a.example/x?y#z'],
    ['https://a.example/', 'https://a.example/x'],
    ['https://A.example', 'https://a.EXAMPLE/'],
    ['https://a.example:443', 'https://a.example/'],
    ['a.example', 'http://a.example/'],
    ['a.example', 'https://a.example/'],
    ['a.example/maps', 'https://a.example/maps/1'],
    ['localhost:8080', 'http://localhost:8080/x'],
  ])('%s allows %s', (allowed, referer) => expect(from(allowed, referer)).toBe(true))

  test.each([
    ['https://a.example', 'http://a.example/'],
    ['https://a.example', 'https://a.example:8443/'],
    ['https://a.example', 'https://ba.example/'],
    ['https://a.example', 'https://a.example.evil.example/'],
    ['https://a.example', 'https://a.example@evil.example/'],
    ['https://a.example', 'https://evil.example/https://a.example'],
    ['https://a.example', 'https://evil.example/?https://a.example'],
    ['https://a.example/maps', 'https://a.example/'],
    ['https://a.example/maps', 'https://a.example/mapsx'],
    ['https://a.example/maps', 'https://a.example/maps/../x'],
    ['https://a.example', 'data:https://a.example'],
    ['https://a.example', 'nonsense'],
    ['https://a.example', ''],
  ])('%s does not allow %s', (allowed, referer) => expect(from(allowed, referer)).toBe(false))

  test('Origin counts without Referer, and must match besides Referer', () => {
    const allowed = ['https://a.example/maps', 'https://b.example']
    expect(isSourceAllowed(allowed, { origin: 'https://b.example' })).toBe(true)
    expect(isSourceAllowed(allowed, { origin: 'https://a.example' })).toBe(false)
    const referer = 'https://a.example/maps/1'
    expect(isSourceAllowed(allowed, { referer, origin: 'https://a.example' })).toBe(true)
    expect(isSourceAllowed(allowed, { referer, origin: 'null' })).toBe(true)
    expect(isSourceAllowed(allowed, { referer, origin: 'https://c.example' })).toBe(false)
    expect(isSourceAllowed(allowed, { origin: 'null' })).toBe(false)
  })

  test('no restriction allows every request; a restriction refuses one without Referer and Origin', () => {
    expect(isSourceAllowed([], {})).toBe(true)
    expect(isSourceAllowed(['a.example'], {})).toBe(false)
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findHttpUrl, isBaseUrl } from '../../src/settings/url.ts'

test.each([
  ['https://maps.example', true],
  ['http://127.0.0.1:8080/tiles', true],
  ['https://maps.example/', false],
  ['https://maps.example?a', false],
  ['https://maps.example#a', false],
  ['https://user@maps.example', false],
  ['https://:pass@maps.example', false],
  ['https://maps.example/a b', false],
  ['https://maps.example\\', false],
  ['https://maps.example/a\\', false],
  ['https://maps.example\0', false],
  ['https://maps.example/\u0001', false],
  ['ftp://maps.example', false],
  ['javascript:alert(1)', false],
  ['maps.example', false],
  ['', false],
])('a path can be appended to %s: %s', (value, expected) => {
  expect(isBaseUrl(value)).toBe(expected)
})

test('no URL that passes has credentials, a fragment or another scheme', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.webUrl({ withFragments: true })), (text) => {
      const url = findHttpUrl(text)
      if (!url) return
      expect(`${url.username}${url.password}${url.hash}`).toBe('')
      expect(['http:', 'https:']).toContain(url.protocol)
    }),
  )
})

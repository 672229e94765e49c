import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findCanonicalTarget } from '../../src/tiles/canonical-path.ts'

describe('G1: a path with only one spelling is accepted', () => {
  test.each([
    ['/', '/'],
    ['/v1/tiles/world/0/0/0.mvt', '/v1/tiles/world/0/0/0.mvt'],
    ['/v1/tiles/world/0/0/0.mvt?access_token=a.b.c', '/v1/tiles/world/0/0/0.mvt'],
    ['/data/', '/data/'],
    ['/fonts/Noto%20Sans%20Regular/0-255.pbf', '/fonts/Noto Sans Regular/0-255.pbf'],
    ['/z%C3%BCrich/0/0/0@2x.png', '/zürich/0/0/0@2x.png'],
    ['/z%c3%bcrich/0', '/zürich/0'],
    ['/a,b/1+2/(c)/x=y:z', '/a,b/1+2/(c)/x=y:z'],
    ['/.well-known/jwks.json', '/.well-known/jwks.json'],
  ])('%s', (target, path) => {
    expect(findCanonicalTarget(target)?.path).toBe(path)
  })
})

describe('G1: a path that two servers could read in two ways is refused', () => {
  test.each([
    '',
    'data',
    'http://host/data',
    '*',
    '//data',
    '/data//0',
    '/data/./0',
    '/data/../0',
    '/data/..',
    '/data/.',
    '/data./0',
    '/data.',
    '/data.../0',
    '/data%2f0',
    '/data%2F0',
    '/data%5c0',
    '/data\\0',
    '/data%00',
    '/data%0a',
    '/data%7f',
    '/data%2e%2e/0',
    '/data/%2e/0',
    '/data/%2E%2E/0',
    '/data;a=b/0',
    '/data%3ba/0',
    '/data#a',
    '/data%23a',
    '/data%3fa',
    '/data%252f0',
    '/%64ata/0',
    '/data/%30/0',
    '/data/%7E',
    '/data%',
    '/data%2',
    '/data%zz',
    '/data/%ff',
    '/data/%c0%af',
    '/data/%c2%85',
    '/data 0',
    '/data\t0',
    '/zürich',
    '/data/0?a b',
    '/data/0?a#b',
  ])('%s', (target) => {
    expect(findCanonicalTarget(target)).toBeUndefined()
  })
})

test('G1: an accepted path has no dot segment, no empty segment, and one spelling', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('/', '..', '.', '%2e', '%2f', '%25', '%', '//', ';', '\\', '#', '?', '%00'),
  )
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const found = findCanonicalTarget(`/${parts.join('')}`)
      if (!found) return
      const segments = found.path.split('/').slice(1)
      const isUnsafe = (segment: string) => segment.endsWith('.') || /[\\;?#%]/.test(segment)
      expect(segments.slice(0, -1).every((segment) => segment !== '')).toBe(true)
      expect(segments.some(isUnsafe)).toBe(false)
      // Escaping the path again changes at most the case of hex digits.
      const again = segments.map((segment) => encodeURIComponent(segment)).join('/')
      expect(decodeURIComponent(again)).toBe(segments.join('/'))
      expect(new URL(found.rawPath, 'http://host').pathname).toBe(found.rawPath)
    }),
    { numRuns: 3_000 },
  )
})

import { describe, expect, test } from 'vitest'
import { toServedRange } from '../../../src/surfaces/geolens/served-range.ts'

describe('a range of a file of 100 bytes', () => {
  test.each<[string, string | undefined, string | undefined]>([
    ['GET', undefined, undefined],
    ['GET', 'bytes=0-9', 'bytes=0-9'],
    ['GET', 'bytes=90-', 'bytes=90-'],
    ['GET', 'bytes=200-', 'bytes=200-'],
    ['GET', 'bytes=-16', 'bytes=-16'],
    ['GET', 'bytes=-0', 'bytes=-0'],
    ['GET', 'bytes=-100', 'bytes=-100'],
    ['GET', 'bytes=-101', 'bytes=0-'],
    ['GET', 'bytes= -999999999999 ', 'bytes=0-'],
    ['GET', `bytes=-${'9'.repeat(40)}`, 'bytes=0-'],
    ['GET', 'bytes=0-1,-999', 'bytes=0-1,0-'],
    ['GET', 'bytes', 'bytes'],
    ['GET', 'items=0-1', 'items=0-1'],
    ['GET', 'bytes=--5', 'bytes=--5'],
    ['HEAD', 'bytes=0-9', undefined],
    ['HEAD', 'bytes=200-', undefined],
  ])('%s %s is served as %s', (method, range, served) => {
    expect(toServedRange(method, range, 100n)).toBe(served)
  })

  test('of an empty file is never the whole', () => {
    expect(toServedRange('GET', 'bytes=-0', 0n)).toBe('bytes=-0')
  })
})

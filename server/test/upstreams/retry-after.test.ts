import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findRetryAfter } from '../../src/upstreams/retry-after.ts'

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')

  test('is seconds or a date', () => {
    expect(findRetryAfter('120', now)).toBe(120)
    expect(findRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30)
    expect(findRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT', now)).toBe(0)
  })

  test('is ignored if it is neither', () => {
    for (const header of [undefined, '', '-1', '1.5', 'soon', ['1', '2'], '2026-01-01', '1e3'])
      expect(findRetryAfter(header, now)).toBeUndefined()
  })

  test('is never negative or NaN, whatever the header holds', () => {
    fc.assert(
      fc.property(fc.anything(), fc.nat(), (header, at) => {
        const seconds = findRetryAfter(header, at)
        expect(seconds === undefined || seconds >= 0).toBe(true)
      }),
    )
  })
})

import fc from 'fast-check'
import { expect } from 'vitest'
import { findRetryAfter as findInPage } from '../../../packages/core/src/token-response.ts'
import { findRetryAfter } from '../../../server/src/upstreams/retry-after.ts'
import type { Target } from '../target.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const date = fc
  .date({ min: new Date(NOW - 1e9), max: new Date(NOW + 1e12), noInvalidDate: true })
  .map((at) => at.toUTCString())

/** Dates count as the platform writes them, digits as their number; nothing else makes a server wait. */
export const retryAfter: Target<string> = {
  name: 'retry-after',
  arbitrary: fc.oneof(
    date,
    fc.nat().map(String),
    fc.string(),
    fc.constantFrom('-1', '1.5', '1e3', '0x10', ' 5 ', '5, 6', '٣', '9'.repeat(400), '2026-01-01'),
  ),
  check: (header) => {
    const [inPage, seconds] = [findInPage(header, NOW), findRetryAfter(header, NOW)]
    expect(inPage ?? 0).toBeGreaterThanOrEqual(0)
    expect(seconds ?? 0).toBeGreaterThanOrEqual(0)
    expect(seconds).not.toBe(Number.POSITIVE_INFINITY)
    const at = new Date(header)
    const isDate = !Number.isNaN(at.getTime()) && at.toUTCString() === header
    const isNumber = /^[0-9]{1,10}$/.test(header)
    if (!isDate && !isNumber) {
      const isSpoken = /^\s*\d+\s*$/.test(header) || /^\w{3}, /.test(header)
      if (!isSpoken) expect(seconds).toBeUndefined()
      return false
    }
    const expected = isNumber ? Number(header) : Math.max(0, at.getTime() - NOW) / 1000
    expect(seconds).toBe(expected)
    expect(inPage).toBe(expected * 1000)
    return true
  },
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  computeSharedExpiry,
  findUsableTime,
  isHalfLeft,
} from '../../src/grants/shared-lifetime.ts'

describe('a shared token of this issuer', () => {
  test('leaves every visitor between half a lifetime and a whole one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4e9 }),
        fc.integer({ min: 1, max: 7200 }),
        (now, half) => {
          const remaining = computeSharedExpiry(now, half * 2) - now
          expect(remaining > half - 1 && remaining <= half * 2).toBe(true)
          expect(Number.isInteger(remaining)).toBe(true)
        },
      ),
    )
  })

  test('expires at the same instant for all visitors of one half lifetime', () => {
    const expiries = [600, 601, 899].map((now) => computeSharedExpiry(now, 600))
    expect(expiries).toEqual([1200, 1200, 1200])
    expect(computeSharedExpiry(900, 600)).toBe(1500)
  })
})

describe('a shared token of an upstream', () => {
  const token = { expiresAt: 100_000, lifetime: 60_000 }

  test.each([
    ['when it is new', 40_000, true, 59_000],
    ['at half of its lifetime', 70_000, true, 29_000],
    ['after half of its lifetime', 70_001, false, 28_999],
    ['a second before its end', 99_000, false, 0],
    ['later than that', 99_001, false, undefined],
    ['after its end', 200_000, false, undefined],
    ['when the clock was set back', 39_999, false, undefined],
  ])('%s', (_, now, isShared, usable) => {
    expect([isHalfLeft(token, now), findUsableTime(token, now)]).toEqual([isShared, usable])
  })
})

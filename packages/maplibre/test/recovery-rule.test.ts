import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasLoaded, recoverResource, recoverTile } from '../src/recovery-rule.ts'

const DIRECT = true
const WAITED = false
const SERVED = true
const NOT_SERVED = false

describe('a tile', () => {
  test.each([
    [
      'whose token has been replaced is requested at once',
      DIRECT,
      0,
      NOT_SERVED,
      [0, false, false],
    ],
    ['whose token serves others is requested at once', DIRECT, 0, SERVED, [0, false, false]],
    [
      'that is refused rejects its token, and is requested at once',
      DIRECT,
      1,
      SERVED,
      [0, false, true],
    ],
    ['that is refused twice does so too', DIRECT, 2, SERVED, [0, false, true]],
    [
      'that is refused while others are served waits, and is reported',
      DIRECT,
      3,
      SERVED,
      [1, true],
    ],
    [
      'that is refused while nothing is served rejects further',
      DIRECT,
      5,
      NOT_SERVED,
      [0, false, true],
    ],
    ['that is refused with six tokens waits, and is reported', DIRECT, 6, NOT_SERVED, [1, true]],
    ['that got no token waits for the next', WAITED, 0, NOT_SERVED, [1, false]],
    ['that was replayed in vain waits for the next token', WAITED, 2, SERVED, [1, false]],
    ['that was replayed in vain three times is reported', WAITED, 3, NOT_SERVED, [1, true]],
  ] as const)('%s', (_, isDirect, refusals, isServed, recovery) => {
    expect(recoverTile(isDirect, refusals, isServed)).toEqual(recovery)
  })
})

describe('any other resource', () => {
  test.each([
    ['without a token waits for the next', 0, NOT_SERVED, [1, false]],
    ['that is refused waits for the next token', 1, SERVED, [1, false]],
    ['that is refused three times while tiles are served skips two renewals', 3, SERVED, [3, true]],
    ['that is refused once more skips four', 4, SERVED, [5, true]],
    [
      'that is refused five times while nothing is served waits for the next',
      5,
      NOT_SERVED,
      [1, true],
    ],
    ['that is refused six times while nothing is served skips two', 6, NOT_SERVED, [3, true]],
  ] as const)('%s', (_, refusals, isServed, recovery) => {
    expect(recoverResource(refusals, isServed)).toEqual(recovery)
  })
})

const refusals = fc.nat(40)

test('a token is rejected only by a tile that is requested at once, and then nothing is reported', () => {
  fc.assert(
    fc.property(fc.boolean(), refusals, fc.boolean(), (isDirect, refusals, isServed) => {
      const [renewals, reports, rejects] = recoverTile(isDirect, refusals, isServed)
      if (rejects) expect([isDirect, renewals, refusals > 0]).toEqual([true, 0, true])
      if (renewals === 0) expect(reports).toBe(false)
      expect(recoverResource(refusals, isServed)[2]).toBeUndefined()
    }),
  )
})

test('neither more refusals nor tiles that are served shorten the wait', () => {
  fc.assert(
    fc.property(refusals, fc.boolean(), (refusals, isServed) => {
      const wait = (n: number, served = isServed) => recoverResource(n, served)[0]
      expect(wait(refusals + 1)).toBeGreaterThanOrEqual(wait(refusals))
      expect(wait(refusals, true)).toBeGreaterThanOrEqual(wait(refusals, false))
    }),
  )
})

test('a resource that waits for its turn is not taken for loaded', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.boolean(), (refusals, isServed) => {
      const [renewals] = recoverResource(refusals, isServed)
      expect(hasLoaded(refusals, renewals)).toBe(false)
    }),
  )
  expect(hasLoaded(2, 8)).toBe(true)
})

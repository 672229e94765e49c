import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MIN_INTERVAL, nextAttemptAt, type RenewalSituation, renewalLead } from '../src/renewal.ts'

const S = 1000
const MIN = 60 * S
const H = 60 * MIN
const base: RenewalSituation = { now: 0, departedAt: 0, endedAt: 0, failures: 0, random: 0 }

describe('after a success', () => {
  test.each([
    ['1 s', S, 0.8 * S],
    ['2 s', 2 * S, 1.6 * S],
    ['15 s', 15 * S, 12 * S],
    ['1 min', MIN, 48 * S],
    ['1 h', H, H - MIN],
    ['4 h', 4 * H, 4 * H - MIN],
  ])(
    'a token of %s is renewed a margin of at most a fifth and a minute early',
    (_, lifetime, at) => {
      expect(nextAttemptAt({ ...base, held: { lifetime, remaining: lifetime } })).toBe(at)
    },
  )
  test('jitter renews up to a tenth of the lifetime and 30 s earlier still', () => {
    expect(
      nextAttemptAt({ ...base, random: 0.5, held: { lifetime: 10 * S, remaining: 10 * S } }),
    ).toBe(7.5 * S)
    expect(renewalLead(4 * H, 1)).toBe(90 * S)
  })
  test('a token of 100 ms waits for the minimum interval', () => {
    expect(nextAttemptAt({ ...base, held: { lifetime: 100, remaining: 100 } })).toBe(MIN_INTERVAL)
  })
  test('an answer that repeats the token never shortens the next interval', () => {
    const situation = {
      ...base,
      now: 48 * S,
      departedAt: 48 * S,
      endedAt: 48 * S,
      repeatedAfter: 48 * S,
    }
    expect(nextAttemptAt({ ...situation, held: { lifetime: 12 * S, remaining: 12 * S } })).toBe(
      96 * S,
    )
  })
  test('without a token the next is due at once, a minimum interval after the last', () => {
    expect(nextAttemptAt({ ...base, now: 9 * S })).toBe(MIN_INTERVAL)
  })
})

describe('after a failure', () => {
  test.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [6, 16_000],
    [7, 30_000],
    [100, 30_000],
  ])('number %i the backoff is %i ms, or half of that with full jitter', (failures, backoff) => {
    expect(nextAttemptAt({ ...base, endedAt: 1000, failures })).toBe(1000 + backoff)
    expect(nextAttemptAt({ ...base, endedAt: 1000, failures, random: 1 })).toBe(1000 + backoff / 2)
  })
  test('Retry-After is obeyed, up to an hour', () => {
    expect(nextAttemptAt({ ...base, endedAt: 1000, failures: 1, retryAfter: 7000 })).toBe(8000)
    expect(nextAttemptAt({ ...base, failures: 1, retryAfter: 24 * H })).toBe(H)
  })
  test('there is a cool-down while a valid token remains', () => {
    expect(nextAttemptAt({ ...base, failures: 1, held: { lifetime: H, remaining: MIN } })).toBe(
      7500,
    )
  })
})

test('two attempts are never closer than the minimum interval, nor before Retry-After', () => {
  const ms = fc.double({ min: 0, max: 1e8, noNaN: true })
  fc.assert(
    fc.property(
      fc.record({
        now: ms,
        departedAt: ms,
        endedAt: ms,
        failures: fc.nat(1000),
        retryAfter: fc.option(ms, { nil: undefined }),
        held: fc.option(fc.record({ lifetime: ms, remaining: ms }), { nil: undefined }),
        repeatedAfter: fc.option(ms, { nil: undefined }),
        random: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
      (situation) => {
        const at = nextAttemptAt(situation)
        expect(at).toBeGreaterThanOrEqual(situation.departedAt + MIN_INTERVAL)
        if (situation.failures > 0 && situation.retryAfter !== undefined) {
          expect(at).toBeGreaterThanOrEqual(situation.endedAt + Math.min(situation.retryAfter, H))
        }
        expect(Number.isFinite(at)).toBe(true)
      },
    ),
  )
})

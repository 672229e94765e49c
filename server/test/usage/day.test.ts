import { expect, test } from 'vitest'
import { toDay, toNextMidnight } from '../../src/usage/day.ts'

test.each([
  ['2026-01-31T00:00:00.000Z', '2026-01-31', '2026-02-01T00:00:00.000Z'],
  ['2026-01-31T23:59:59.999Z', '2026-01-31', '2026-02-01T00:00:00.000Z'],
  ['2028-02-28T12:00:00.000Z', '2028-02-28', '2028-02-29T00:00:00.000Z'],
])('%s is on %s, which ends at %s', (instant, day, midnight) => {
  expect(toDay(Date.parse(instant))).toBe(day)
  expect(new Date(toNextMidnight(Date.parse(instant))).toISOString()).toBe(midnight)
})

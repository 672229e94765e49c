import { describe, expect, test } from 'vitest'
import { toDayExceeded } from '../../src/budgets/budget-exceeded.ts'
import { nextUtcDay, toDailyLimitHeaders, toUtcDay } from '../../src/budgets/daily-limit.ts'

const midnight = Date.parse('2026-02-01T00:00:00Z')

describe('a day', () => {
  test.each([
    [midnight - 1, '2026-01-31', midnight],
    [midnight, '2026-02-01', midnight + 86_400_000],
    [midnight + 86_399_999, '2026-02-01', midnight + 86_400_000],
  ])('at %i is %s in UTC and ends at %i', (now, day, end) => {
    expect(toUtcDay(now)).toBe(day)
    expect(nextUtcDay(now)).toBe(end)
  })
})

test('the headers name the limit, the rest and the reset in ISO 8601', () => {
  expect(toDailyLimitHeaders({ limit: 10, remaining: 3, resetsAt: midnight })).toEqual({
    'X-RateLimit-Tiles-Limit': '10',
    'X-RateLimit-Tiles-Remaining': '3',
    'X-RateLimit-Tiles-Reset': '2026-02-01T00:00:00Z',
  })
})

test('a refusal for a used-up day says in whole seconds when to retry', () => {
  expect(toDayExceeded(10, midnight - 1_500)).toMatchObject({
    status: 429,
    code: 'BUDGET_EXCEEDED',
    headers: {
      'Retry-After': '2',
      'X-RateLimit-Tiles-Limit': '10',
      'X-RateLimit-Tiles-Remaining': '0',
      'X-RateLimit-Tiles-Reset': '2026-02-01T00:00:00Z',
    },
  })
})

import { describe, expect, test } from 'vitest'
import { TooManyRequestsError } from '../../src/errors.ts'
import { createRateLimit } from '../../src/limits/rate-limit.ts'
import { NOW } from '../support/broker-under-test.ts'

function create(perMinute: number) {
  const clock = { now: NOW }
  return { clock, limit: createRateLimit(perMinute, () => clock.now) }
}

describe('a rate limit', () => {
  test('counts each key for a minute that starts with its first request', () => {
    const { clock, limit } = create(2)
    const state = { limit: 2, intervalSeconds: 60, resetAt: NOW + 60_000 }
    expect(limit.count('a')).toEqual({ ...state, isExceeded: false, retryAfterSeconds: 60 })
    clock.now += 30_500
    expect(limit.count('a')).toEqual({ ...state, isExceeded: false, retryAfterSeconds: 30 })
    expect(limit.count('a')).toEqual({ ...state, isExceeded: true, retryAfterSeconds: 30 })
    expect(limit.count('b')).toMatchObject({ isExceeded: false, resetAt: NOW + 90_500 })
    clock.now = NOW + 60_000
    expect(limit.count('a')).toMatchObject({ isExceeded: false, resetAt: NOW + 120_000 })
    expect(limit.count('b')).toMatchObject({ isExceeded: false })
    expect(limit.count('b')).toMatchObject({ isExceeded: true, resetAt: NOW + 90_500 })
  })

  test('refuses what exceeds it with the seconds to wait', () => {
    const { clock, limit } = create(1)
    limit.consume('a')
    clock.now += 59_999
    expect(() => limit.consume('a')).toThrow(TooManyRequestsError)
    try {
      limit.consume('a')
    } catch (error) {
      expect(error).toMatchObject({ status: 429, headers: { 'Retry-After': '1' } })
    }
    clock.now += 1
    limit.consume('a')
  })

  test('opens a new window when the clock was set back', () => {
    const { clock, limit } = create(1)
    limit.consume('a')
    clock.now -= 3_600_000
    expect(limit.count('a')).toMatchObject({ isExceeded: false, resetAt: NOW - 3_540_000 })
  })

  test('a key that returns after its minute does not shorten that of another', () => {
    const { clock, limit } = create(1)
    limit.consume('a')
    clock.now += 30_000
    limit.consume('b')
    clock.now += 30_000
    limit.consume('a')
    expect(limit.count('b')).toMatchObject({ isExceeded: true })
    clock.now += 30_000
    expect(limit.count('b')).toMatchObject({ isExceeded: false })
    expect(limit.count('a')).toMatchObject({ isExceeded: true })
  })
})

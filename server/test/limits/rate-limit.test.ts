import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRateLimit } from '../../src/limits/rate-limit.ts'
import { NOW } from '../support/broker-under-test.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})
afterEach(() => {
  vi.useRealTimers()
})

const skip = (ms: number) => vi.setSystemTime(Date.now() + ms)

describe('a rate limit', () => {
  test('counts each key for a minute that starts with its first request', async () => {
    const limit = createRateLimit(2)
    const state = { limit: 2, intervalSeconds: 60 }
    expect(await limit.count('a')).toEqual({ ...state, isExceeded: false, resetsIn: 60_000 })
    skip(30_500)
    expect(await limit.count('a')).toEqual({ ...state, isExceeded: false, resetsIn: 29_500 })
    expect(await limit.count('a')).toEqual({ ...state, isExceeded: true, resetsIn: 29_500 })
    expect(await limit.count('b')).toMatchObject({ isExceeded: false, resetsIn: 60_000 })
    skip(29_500)
    expect(await limit.count('a')).toMatchObject({ isExceeded: false, resetsIn: 60_000 })
    expect(await limit.count('b')).toMatchObject({ isExceeded: false })
    expect(await limit.count('b')).toMatchObject({ isExceeded: true, resetsIn: 30_500 })
  })

  test('refuses what exceeds it with the seconds to wait', async () => {
    const limit = createRateLimit(1)
    await limit.consume('a')
    skip(59_999)
    await expect(limit.consume('a')).rejects.toMatchObject({
      name: 'TooManyRequestsError',
      status: 429,
      headers: { 'Retry-After': '1' },
    })
    skip(1)
    await limit.consume('a')
  })

  test('a key that returns after its minute does not shorten that of another', async () => {
    const limit = createRateLimit(1)
    await limit.consume('a')
    skip(30_000)
    await limit.consume('b')
    skip(30_000)
    await limit.consume('a')
    expect(await limit.count('b')).toMatchObject({ isExceeded: true })
    skip(30_000)
    expect(await limit.count('b')).toMatchObject({ isExceeded: false })
    expect(await limit.count('a')).toMatchObject({ isExceeded: true })
  })

  test('an attempt that is taken back does not count, and counts until then', async () => {
    const limit = createRateLimit(2)
    const [first, second] = [await limit.reserve('a'), await limit.reserve('a')]
    await expect(limit.reserve('a')).rejects.toMatchObject({ status: 429 })
    await first()
    await second()
    await limit.reserve('a')
    await limit.reserve('a')
    for (let count = 0; count < 5; count++)
      await expect(limit.reserve('a')).rejects.toMatchObject({ status: 429 })
    // The refused attempts do not count either.
    expect(await limit.count('a')).toMatchObject({ isExceeded: true })
    skip(60_000)
    await limit.reserve('a')
  })

  test('an attempt that is taken back in a later minute is no credit', async () => {
    const limit = createRateLimit(1)
    const takeBack = await limit.reserve('a')
    skip(60_000)
    await takeBack()
    await limit.reserve('a')
    await expect(limit.reserve('a')).rejects.toMatchObject({ status: 429 })
  })
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withinTime } from '../../src/upstreams/within-time.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const never = new Promise<string>(() => undefined)
const fail = () => {
  throw new RangeError('late')
}

test('a result in time counts, and leaves no timer behind', async () => {
  expect(await withinTime(Promise.resolve('value'), 1_000, fail)).toBe('value')
  expect(await withinTime('no promise', 1_000, fail)).toBe('no promise')
  await expect(withinTime(Promise.reject(new TypeError('early')), 1_000, fail)).rejects.toThrow(
    'early',
  )
  expect(vi.getTimerCount()).toBe(0)
})

test('after the limit in milliseconds the result is what onLate returns or throws', async () => {
  const value = withinTime(never, 1_000, () => 'late')
  const error = expect(withinTime(never, 1_000, fail)).rejects.toThrow(RangeError)
  await vi.advanceTimersByTimeAsync(999)
  expect(await Promise.race([value, Promise.resolve('waiting')])).toBe('waiting')
  await vi.advanceTimersByTimeAsync(1)
  expect(await value).toBe('late')
  await error
})

test('a signal ends the wait, also one that has aborted before', async () => {
  const stop = new AbortController()
  const running = withinTime(never, stop.signal, () => 'late')
  stop.abort()
  expect(await running).toBe('late')
  expect(await withinTime(never, stop.signal, () => 'late')).toBe('late')
  await expect(withinTime(never, stop.signal, fail)).rejects.toThrow(RangeError)
})

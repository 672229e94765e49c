import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from '../../src/upstreams/errors.ts'
import { createPolicy } from '../../src/upstreams/policy.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Runs a policy on the fake clock; the times at which it tried, and what came of it. */
async function follow(
  random: number,
  attempt: (count: number, signal: AbortSignal) => Promise<string>,
  timeout = 8_000,
) {
  const policy = createPolicy({ timeout, random: () => random })
  const startedAt = Date.now()
  const times: number[] = []
  const running = policy('', (signal) => {
    times.push(Date.now() - startedAt)
    return attempt(times.length, signal)
  }).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  )
  await vi.runAllTimersAsync()
  return { ...(await running), times, policy }
}

const fail = (error: Error) => async () => {
  throw error
}
const unavailable = (told?: number) => fail(new UpstreamUnavailableError('answered 500', told))

describe('retries', () => {
  test.each([
    [0, [0, 200, 600]],
    [0.5, [0, 150, 450]],
  ])('come with jitter (%s), twice at most', async (random, expected) => {
    const { times, error } = await follow(random, unavailable())
    expect(times).toEqual(expected)
    expect(error).toBeInstanceOf(UpstreamUnavailableError)
  })

  test('keep to a Retry-After of a second', async () => {
    const { times } = await follow(0, unavailable(1))
    expect(times).toEqual([0, 1_200, 2_600])
  })

  test('are left to the page where Retry-After is longer', async () => {
    const { times, error } = await follow(0, unavailable(30))
    expect(times).toEqual([0])
    expect(error).toMatchObject({ retryAfterSeconds: 30 })
  })

  test.each([
    ['a refusal', new UpstreamRefusedError('answered 401')],
    ['an answer that cannot be used', new UpstreamInvalidError('answered HTML')],
    ['a mistake of our own', new TypeError('ours')],
  ])('are not made after %s', async (_, failure) => {
    const { times, error } = await follow(0, fail(failure))
    expect([times, error]).toEqual([[0], failure])
  })
})

test('an attempt that does not listen to its signal is given up when time is up', async () => {
  const { error, times } = await follow(0, () => new Promise(() => undefined), 1_000)
  expect(error).toMatchObject({ status: 503, reason: 'no answer in time' })
  expect(times).toEqual([0])
})

describe('a circuit breaker', () => {
  const open = async () => {
    const { policy } = await follow(0, unavailable())
    const again = policy('', unavailable()).catch(() => undefined)
    await vi.runAllTimersAsync()
    await again
    return policy
  }

  test('leaves the upstream alone for 5 s after six failures in a row', async () => {
    const policy = await open()
    const attempt = vi.fn(async () => 'token')
    await expect(policy('', attempt)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 5 })
    vi.advanceTimersByTime(4_999 - 600)
    expect(attempt).not.toHaveBeenCalled()
    vi.advanceTimersByTime(700)
    await expect(policy('', attempt)).resolves.toBe('token')
    await expect(policy('', attempt)).resolves.toBe('token')
  })

  test('is one for each key: others go on', async () => {
    const policy = await open()
    await expect(policy('', async () => 'token')).rejects.toMatchObject({ status: 503 })
    await expect(policy('other', async () => 'token')).resolves.toBe('token')
  })

  test('that is half open lets nobody wait beyond the deadline, and frees every place', async () => {
    const policy = await open()
    await vi.advanceTimersByTimeAsync(5_000)
    const probe = policy('', () => new Promise((resolve) => setTimeout(resolve, 300, 'token')))
    const signals: AbortSignal[] = []
    const ends = Array.from({ length: 40 }, () =>
      policy('', (signal) => {
        signals.push(signal)
        return new Promise(() => undefined)
      }).catch((error: unknown) => error),
    )
    await vi.advanceTimersByTimeAsync(8_000)
    await expect(probe).resolves.toBe('token')
    // Those that hang count as failures, which those behind them learn.
    for (const end of await Promise.all(ends))
      expect(end).toMatchObject({ reason: expect.stringMatching(/no answer in time|left alone/) })
    expect(signals.length).toBeGreaterThanOrEqual(15)
    expect(signals.filter(({ aborted }) => !aborted)).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    // All 16 places are there again.
    let running = 0
    const next = Array.from({ length: 16 }, () =>
      policy('other', async () => {
        running += 1
        await new Promise((resolve) => setTimeout(resolve, 100))
      }),
    )
    await vi.advanceTimersByTimeAsync(50)
    expect(running).toBe(16)
    await vi.advanceTimersByTimeAsync(100)
    await Promise.all(next)
  })

  test('is not opened by refusals, which are no outage', async () => {
    const policy = createPolicy({ timeout: 1_000 })
    for (let round = 0; round < 10; round += 1)
      await policy('', fail(new UpstreamRefusedError('answered 401'))).catch(() => undefined)
    await expect(policy('', async () => 'token')).resolves.toBe('token')
  })
})

test('16 exchanges run at once, 1,000 wait, more are refused', async () => {
  const policy = createPolicy({ timeout: 1_000 })
  let running = 0
  const ends: (() => void)[] = []
  const all = Array.from({ length: 1_060 }, () =>
    policy('', async () => {
      running += 1
      await new Promise<void>((resolve) => ends.push(resolve))
      return 'token'
    }).catch((error: unknown) => error),
  )
  await vi.advanceTimersByTimeAsync(10)
  expect(running).toBe(16)
  await vi.advanceTimersByTimeAsync(1_000)
  const results = await Promise.all(all)
  const reasons = results.map((result) => Reflect.get(Object(result), 'reason'))
  expect(reasons.filter((reason) => reason === 'too many exchanges at once')).toHaveLength(44)
  for (const end of ends) end()
})

test('pages are told a time between a second and ten minutes, whatever the upstream says', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double({ noNaN: true }), fc.nat(), fc.constant(undefined)), (told) => {
      const { headers } = new UpstreamUnavailableError('answered 429', told)
      const seconds = Number(headers['Retry-After'])
      expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 600).toBe(true)
    }),
  )
})

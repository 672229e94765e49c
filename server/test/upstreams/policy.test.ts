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

/** Runs a policy on the fake clock; gives the times of its attempts, and the result. */
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
const unavailable = (retryAfter?: number) =>
  fail(new UpstreamUnavailableError('returned 500', retryAfter))

describe('retries', () => {
  test.each([
    [0, [0, 200, 600]],
    [0.5, [0, 150, 450]],
  ])('come with jitter (%s), twice at most', async (random, expected) => {
    const { times, error } = await follow(random, unavailable())
    expect(times).toEqual(expected)
    expect(error).toBeInstanceOf(UpstreamUnavailableError)
  })

  test('wait for a Retry-After of a second', async () => {
    const { times } = await follow(0, unavailable(1))
    expect(times).toEqual([0, 1_200, 2_600])
  })

  test('are left to the page if Retry-After is longer', async () => {
    const { times, error } = await follow(0, unavailable(30))
    expect(times).toEqual([0])
    expect(error).toMatchObject({ retryAfterSeconds: 30 })
  })

  test.each([
    ['a refusal', new UpstreamRefusedError('returned 401')],
    ['an unusable response', new UpstreamInvalidError('response is not JSON')],
    ['a bug of the broker', new TypeError('ours')],
  ])('are not made after %s', async (_, failure) => {
    const { times, error } = await follow(0, fail(failure))
    expect([times, error]).toEqual([[0], failure])
  })
})

test('an attempt that ignores its signal is abandoned when time is up', async () => {
  const { error, times } = await follow(0, () => new Promise(() => undefined), 1_000)
  expect(error).toMatchObject({ status: 503, reason: 'timed out' })
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

  test('opens for 5 s after six failures in a row', async () => {
    const policy = await open()
    const attempt = vi.fn(async () => 'token')
    await expect(policy('', attempt)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 5 })
    vi.advanceTimersByTime(4_999 - 600)
    expect(attempt).not.toHaveBeenCalled()
    vi.advanceTimersByTime(700)
    await expect(policy('', attempt)).resolves.toBe('token')
    await expect(policy('', attempt)).resolves.toBe('token')
  })

  test('is separate for each key: other keys continue', async () => {
    const policy = await open()
    await expect(policy('', async () => 'token')).rejects.toMatchObject({ status: 503 })
    await expect(policy('other', async () => 'token')).resolves.toBe('token')
  })

  test('that is half open lets no request wait beyond the deadline, and frees every place', async () => {
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
    // Requests that hang count as failures, and open the circuit for those behind them.
    for (const end of await Promise.all(ends))
      expect(end).toMatchObject({ reason: expect.stringMatching(/timed out|circuit open/) })
    expect(signals.length).toBeGreaterThanOrEqual(15)
    expect(signals.filter(({ aborted }) => !aborted)).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    // All 16 places are free again.
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

  test('is not opened by refusals, which are not an outage', async () => {
    const policy = createPolicy({ timeout: 1_000 })
    for (let round = 0; round < 10; round += 1)
      await policy('', fail(new UpstreamRefusedError('returned 401'))).catch(() => undefined)
    await expect(policy('', async () => 'token')).resolves.toBe('token')
  })
})

test('16 requests run at once, 1,000 wait, more are refused', async () => {
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
  expect(reasons.filter((reason) => reason === 'too many concurrent requests')).toHaveLength(44)
  for (const end of ends) end()
})

test('Retry-After is between a second and ten minutes for pages, whatever the upstream sends', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double({ noNaN: true }), fc.nat(), fc.constant(undefined)), (given) => {
      const { headers } = new UpstreamUnavailableError('returned 429', given)
      const seconds = Number(headers['Retry-After'])
      expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 600).toBe(true)
    }),
  )
})

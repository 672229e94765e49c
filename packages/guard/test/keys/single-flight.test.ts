import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOwnFlight, createSharedFlight, type Job } from '../../src/keys/single-flight.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Jobs that end when told to. */
function startJobs() {
  const ends: (() => void)[] = []
  const wasLost: boolean[] = []
  const job: Job = (isLost) =>
    new Promise((resolve) => {
      ends.push(() => {
        wasLost.push(isLost())
        resolve()
      })
    })
  return { job, ends, wasLost }
}

/** Has the promise settled after so many ms? */
async function isSettledAfter(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let isSettled = false
  void promise.finally(() => {
    isSettled = true
  })
  await vi.advanceTimersByTimeAsync(ms)
  return isSettled
}

test.each([
  ['shared', createSharedFlight],
  ['own', createOwnFlight],
])('%s: concurrent callers cost one run, and all wait for it', async (_, create) => {
  const flight = create()
  const { job, ends } = startJobs()
  const callers = Promise.all([1, 2, 3].map(() => flight.run(job)))
  expect(await isSettledAfter(callers, 500)).toBe(false)
  expect(ends.length).toBe(1)
  ends[0]?.()
  expect(await isSettledAfter(callers, 50)).toBe(true)
  expect(ends.length).toBe(1)
})

describe('in a runtime in which a run may be lost with its request', () => {
  test('one of those who wait runs the job anew, and the lost run changes nothing', async () => {
    const flight = createOwnFlight()
    const { job, ends, wasLost } = startJobs()
    void flight.run(job)
    const others = Promise.all([flight.run(job), flight.run(job)])
    expect(await isSettledAfter(others, 1_100)).toBe(false)
    expect(ends.length).toBe(2)
    for (const end of ends) end()
    expect(wasLost).toEqual([true, false])
    expect(await isSettledAfter(others, 50)).toBe(true)
  })

  test('a run goes on behind an answer only if the request can keep it alive', async () => {
    const flight = createOwnFlight()
    const { job, ends } = startJobs()
    const kept: unknown[] = []
    expect(flight.runBehind(job)).toBe(false)
    expect(ends.length).toBe(0)
    expect(flight.runBehind(job, (promise) => kept.push(promise))).toBe(true)
    expect([ends.length, kept.length]).toEqual([1, 1])
    // While it is under way, nobody needs another one.
    expect(flight.runBehind(job)).toBe(true)
    expect(ends.length).toBe(1)
  })
})

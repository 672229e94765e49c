import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BudgetOptions } from '../../src/index.ts'
import { startBudgets } from '../support/budgets.ts'

const DAY = 86_400_000

describe('daily counts that are written out', () => {
  const startShared = (options: BudgetOptions = {}) => {
    const totals = new Map<string, number>()
    const write: BudgetOptions['write'] = async (day, added) => {
      for (const [name, count] of added)
        totals.set(`${day} ${name}`, (totals.get(`${day} ${name}`) ?? 0) + count)
      return new Map([...added.keys()].map((name) => [name, totals.get(`${day} ${name}`) ?? 0]))
    }
    return { totals, write, make: () => startBudgets({ tilesPerDay: 5, write, ...options }) }
  }

  test('survive a restart', async () => {
    const { make } = startShared()
    const first = make()
    expect(await first.consume(3)).toBe(3)
    await first.budgets.flush()
    expect(await make().consume(5)).toBe(2)
  })

  test('reach other processes when those write their own', async () => {
    const { make } = startShared()
    const [one, other] = [make(), make()]
    expect([await one.consume(2), await other.consume(2)]).toEqual([2, 2])
    await one.budgets.flush()
    await other.budgets.flush()
    expect(await other.consume(5)).toBe(1)
  })

  test('of yesterday are written for yesterday', async () => {
    const { make, totals } = startShared()
    const { consume, clock } = make()
    await consume(3)
    clock.now += DAY
    await consume(1)
    await expect.poll(() => [...totals.values()]).toEqual([3, 0])
  })

  test('are kept and written later if a write fails', async () => {
    const { totals, write } = startShared()
    const errors: unknown[] = []
    let isDown = false
    const { consume, budgets } = startBudgets({
      tilesPerDay: 5,
      write: (day, added) => (isDown ? Promise.reject(new Error('down')) : write(day, added)),
      onError: (error) => errors.push(error),
    })
    await consume(1)
    isDown = true
    await budgets.flush()
    expect(await consume(2)).toBe(2)
    isDown = false
    await budgets.flush()
    expect([...totals.values()]).toEqual([3])
    expect(errors).toHaveLength(1)
    expect(await consume(5)).toBe(2)
  })
})

describe('a store that does not return the totals of a day', () => {
  test.each<[string, NonNullable<BudgetOptions['write']>]>([
    ['because it is down', () => Promise.reject(new Error('down'))],
    ['because it omits the name', async () => new Map()],
  ])('%s is not queried at every request, but by the timer', async (_, fails) => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let answer = fails
    const asked: [string, number][][] = []
    const { consume } = startBudgets({
      tilesPerDay: 9,
      write: (day, added) => {
        asked.push([...added])
        return answer(day, added)
      },
    })
    await Promise.all([consume(1), consume(1), consume(1)])
    expect(await consume(2)).toBe(2)
    expect(asked).toEqual([[['org_1', 0]]])

    await vi.advanceTimersByTimeAsync(5_000)
    expect(asked.slice(1)).toEqual([[['org_1', 5]]])

    answer = async () => new Map([['org_1', 8]])
    await consume(1)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(asked).toHaveLength(3)
    expect(await consume(3)).toBe(1)
  })

  test('gets the counts of a failed write by the timer, without a further request', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let total = 0
    let isDown = true
    const { consume } = startBudgets({
      tilesPerDay: 9,
      write: async (_day, added) => {
        if (isDown) throw new Error('down')
        for (const count of added.values()) total += count
        return new Map([['org_1', total]])
      },
    })
    expect(await consume(2)).toBe(2)
    await vi.advanceTimersByTimeAsync(5_000)
    isDown = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(total).toBe(2)
  })
})

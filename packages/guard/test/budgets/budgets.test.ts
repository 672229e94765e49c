import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  BudgetExceededError,
  type BudgetOptions,
  createBudgets,
  guard,
  type TokenClaims,
} from '../../src/index.ts'
import { createTestIssuer, goodClaims, ISSUER, NOW } from '../support/issuer.ts'

const DAY = 86_400_000
const claims: TokenClaims = goodClaims()

function start(options: BudgetOptions) {
  const clock = { now: NOW }
  const budgets = createBudgets({ now: () => clock.now, ...options })
  /** Whether so many requests passed. */
  const consume = async (count: number, who: Partial<TokenClaims> = {}, isTile = true) => {
    let passed = 0
    for (let at = 0; at < count; at++)
      try {
        await budgets.consume({ ...claims, ...who }, isTile)
        passed++
      } catch (error) {
        expect(error).toBeInstanceOf(BudgetExceededError)
      }
    return passed
  }
  return { clock, budgets, consume }
}

describe('a budget of', () => {
  test('tiles per token counts tiles, for each token alone', async () => {
    const { consume } = start({ tilesPerToken: 3 })
    expect(await consume(5)).toBe(3)
    expect(await consume(5, { jti: 'j2' })).toBe(3)
    expect(await consume(5, { iss: 'https://other.example' })).toBe(3)
    expect(await consume(5, {}, false)).toBe(5)
  })

  test('requests per second allows as many at once, and then what time brings', async () => {
    const { consume, clock } = start({ requestsPerSecond: 10 })
    expect(await consume(20)).toBe(10)
    clock.now += 500
    expect(await consume(20)).toBe(5)
    clock.now += 60_000
    expect(await consume(20, {}, false)).toBe(10)
    clock.now -= 5_000
    expect(await consume(20)).toBe(0)
  })

  test('less than one request a second allows one at once, and says how long the next one waits', async () => {
    const { consume, budgets, clock } = start({ requestsPerSecond: 0.5 })
    expect(await consume(3)).toBe(1)
    clock.now += 1_000
    expect(() => budgets.consume(claims, true)).toThrow(
      expect.objectContaining({ headers: { 'Retry-After': '1' } }),
    )
    clock.now += 1_000
    expect(await consume(3)).toBe(1)
    expect(() => budgets.consume(claims, true)).toThrow(
      expect.objectContaining({ headers: { 'Retry-After': '2' } }),
    )
    clock.now += 60_000
    expect(await consume(3)).toBe(1)
  })

  test('tiles a day counts the organisation, until midnight in UTC', async () => {
    const { consume, clock } = start({ tilesPerDay: 4 })
    expect(await consume(3, { jti: 'a' })).toBe(3)
    expect(await consume(3, { jti: 'b' })).toBe(1)
    expect(await consume(3, { org_id: 'org_2' })).toBe(3)
    clock.now = Math.ceil(NOW / DAY) * DAY - 1
    expect(await consume(1)).toBe(0)
    clock.now += 1
    expect(await consume(5)).toBe(4)
  })

  test('nothing sensible is refused at once', () => {
    for (const options of [{ tilesPerToken: 0 }, { tilesPerDay: -1 }, { requestsPerSecond: NaN }])
      expect(() => createBudgets(options)).toThrow(RangeError)
  })
})

describe('counts of a day that are written out', () => {
  const startShared = (options: BudgetOptions = {}) => {
    const totals = new Map<string, number>()
    const write: BudgetOptions['write'] = async (day, added) => {
      for (const [name, count] of added)
        totals.set(`${day} ${name}`, (totals.get(`${day} ${name}`) ?? 0) + count)
      return new Map([...added.keys()].map((name) => [name, totals.get(`${day} ${name}`) ?? 0]))
    }
    return { totals, write, make: () => start({ tilesPerDay: 5, write, ...options }) }
  }

  test('hold after a restart', async () => {
    const { make } = startShared()
    const first = make()
    expect(await first.consume(3)).toBe(3)
    await first.budgets.flush()
    expect(await make().consume(5)).toBe(2)
  })

  test('are learned by other processes as they write theirs', async () => {
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

  test('are kept and written later if they cannot be now', async () => {
    const { totals, write } = startShared()
    const errors: unknown[] = []
    let isDown = false
    const { consume, budgets } = start({
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

describe('a store that cannot be asked for the totals of a day', () => {
  test.each<[string, NonNullable<BudgetOptions['write']>]>([
    ['because it is down', () => Promise.reject(new Error('down'))],
    ['because it leaves the name out', async () => new Map()],
  ])('%s is not asked at every request, but by the timer', async (_, fails) => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let answer = fails
    const asked: [string, number][][] = []
    const { consume } = start({
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

  test('gets what it could not take by the timer, though no request comes', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let total = 0
    let isDown = true
    const { consume } = start({
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

test('a guard answers 429 with Geog’s headers, and documents cost no tile', async () => {
  const issuer = createTestIssuer()
  const budgets = createBudgets({ tilesPerDay: 1, now: () => NOW })
  const tiles = ['/{tileset}/{z}/{x}/{y}.pbf', { document: '/{tileset}.json' }]
  const verifying = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
  const app = express()
  app.use(guard({ ...verifying, tiles, budgets }), (_request, response) => void response.send('ok'))
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${issuer.sign()}` },
    })
  for (const [path, status] of [
    ['/a.json', 200],
    ['/a/0/0/0.pbf', 200],
    ['/a/0/0/0.pbf', 429],
    ['/a.json', 200],
  ] as const)
    expect([path, (await ask(path)).status]).toEqual([path, status])
  const { headers } = await ask('/a/0/0/0.pbf')
  expect(headers.get('x-ratelimit-tiles-limit')).toBe('1')
  expect(headers.get('x-ratelimit-tiles-remaining')).toBe('0')
  expect(headers.get('x-ratelimit-tiles-reset')).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(headers.get('access-control-expose-headers')).toMatch(
    /Retry-After.*X-RateLimit-Tiles-Limit/,
  )
})

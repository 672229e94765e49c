import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type Broker, createBroker, jump, pass, startBroker } from './support/broker.ts'
import { manage, settled, TILE } from './support/manage.ts'

let broker: Broker
beforeEach(() => {
  broker = startBroker()
})

describe('renewal', () => {
  test('serves the valid token while renewing', async () => {
    const { tokens } = manage(broker)
    await tokens.getToken()
    broker.latency = 3000
    await pass(50_000)
    expect(tokens.authorize(TILE)).toMatchObject({ token: 'canary-1' })
    expect(tokens.state).toBe('renewing')
    await pass(3000)
    expect(tokens.authorize(TILE)).toMatchObject({ token: 'canary-2' })
    expect(broker.asked).toEqual(['first', 'expiring'])
  })

  test.each([0.3, 1, 2, 15, 60, 3600, 14_400])(
    'a lifetime of %d s makes no storm and no gap while a map is attached',
    async (lifetime) => {
      broker.lifetime = lifetime
      const { tokens, listen } = manage(broker)
      listen()
      await tokens.getToken()
      const time = Math.max(20, lifetime * 5) * 1000
      const step = Math.max(50, lifetime * 50)
      let gaps = 0
      for (let at = 0; at < time; at += step) {
        await pass(step)
        if (!tokens.peek()) gaps += 1
      }
      const interval = Math.max(
        500,
        lifetime * 1000 - Math.min(lifetime * 200, 60_000) - Math.min(lifetime * 100, 30_000),
      )
      expect(broker.asked.length).toBeLessThanOrEqual(time / interval + 1)
      // Below the minimum interval a gap cannot be helped; requests wait there.
      if (lifetime > 0.5) expect(gaps).toBe(0)
    },
  )

  test('a token of 60 days neither loops nor is renewed early: timers stay below 2³¹−1 ms', async () => {
    broker.lifetime = 60 * 86_400
    const { tokens, listen } = manage(broker)
    listen()
    await tokens.getToken()
    // Not a spy: those are restored after the file as well, when the clock has long been real again.
    const wait = vi.fn(setTimeout)
    vi.stubGlobal('setTimeout', wait)
    await pass(30 * 86_400_000)
    vi.unstubAllGlobals()
    expect(broker.asked.length).toBe(1)
    expect(wait).toHaveBeenCalled()
    expect(Math.max(...wait.mock.calls.map(([, ms]) => ms ?? 0))).toBeLessThan(2 ** 31)
  })

  test('a broker that returns the same token again is not asked more and more often', async () => {
    broker.answer = () => {
      const left = 3_600_000 - (Date.now() - 1_800_000_000_000)
      return Response.json({ access_token: 'canary-same', expires_in: left / 1000 })
    }
    const { tokens, listen } = manage(broker)
    listen()
    await tokens.getToken()
    await pass(3_599_000)
    expect(broker.asked.length).toBeLessThanOrEqual(2)
  })

  test('the time of renewal is jittered', async () => {
    const at = new Set<number>()
    for (let i = 0; i < 5; i += 1) {
      broker = createBroker()
      const { tokens, listen } = manage(broker)
      listen()
      await tokens.getToken()
      const start = Date.now()
      await pass(60_000)
      at.add((broker.times[1] ?? 0) - start)
      tokens.dispose()
    }
    expect(at.size).toBeGreaterThan(2)
    for (const ms of at) expect(ms).toBeGreaterThanOrEqual(42_000)
  })

  test('background renewal runs only while there is a listener', async () => {
    const { tokens } = manage(broker)
    const stop = tokens.on('state', () => {})
    await tokens.getToken()
    stop()
    expect(vi.getTimerCount()).toBe(0)
    await pass(3_600_000)
    expect(broker.asked.length).toBe(1)
    expect((await tokens.getToken()).value).toBe('canary-2')
  })

  test.each([
    ['slept for 8 h', 8 * 3_600_000],
    ['had its clock set an hour back', -3_600_000],
  ])('a machine that %s sends no expired token', async (_, ms) => {
    const { tokens } = manage(broker)
    await tokens.getToken()
    await pass(5000)
    jump(ms)
    expect(tokens.peek()).toBeUndefined()
    expect(await tokens.authorize(TILE)).toMatchObject({ token: 'canary-2' })
    expect(broker.asked).toEqual(['first', 'expired'])
  })

  test('a page clock that is always wrong by 10 min changes nothing', async () => {
    vi.setSystemTime(Date.now() + 600_000)
    const { tokens, listen } = manage(broker)
    listen()
    await tokens.getToken()
    await pass(600_000)
    expect(broker.asked.length).toBeLessThanOrEqual(600 / 42 + 1)
    expect(tokens.peek()).toBeDefined()
  })
})

test('a day with sleep, offline hours and a wrong clock costs no more exchanges than visible time explains', async () => {
  broker.lifetime = 300
  const { tokens, listen } = manage(broker)
  listen()
  let wakes = 1
  let awake = 0
  for (let hour = 0; hour < 24; hour += 1) {
    if (hour % 6 === 3) {
      jump(3_600_000)
      wakes += 1
    }
    if (hour === 10) jump(-600_000)
    broker.answer = hour === 15 ? () => Promise.reject(new TypeError('offline')) : undefined
    const before = broker.asked.length
    for (let minute = 0; minute < 60; minute += 1) {
      await pass(60_000)
      awake += 1
      void settled(Promise.resolve(tokens.authorize(TILE)))
    }
    // An hour offline is bounded by backoff, not by the lifetime.
    if (hour === 15) {
      expect(broker.asked.length - before).toBeLessThan(260)
      broker.asked.length = before
    }
  }
  expect(broker.asked.length).toBeLessThanOrEqual((awake * 60) / (300 - 60 - 30) + wakes + 2)
  expect(tokens.peek()).toBeDefined()
})

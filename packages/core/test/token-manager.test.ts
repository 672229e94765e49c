import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTokenManager, type TokenError, type TokenManagerOptions } from '../src/index.ts'
import { type Broker, createBroker, jump, pass, stopClock } from './broker.ts'

const ALLOW = 'https://tiles.example.com/v1/'
const TILE = `${ALLOW}1/2/3.png`

let broker: Broker
const manage = (options: Partial<TokenManagerOptions> = {}) => {
  const tokens = createTokenManager(broker, { allow: [ALLOW], ...options })
  const errors: TokenError[] = []
  const states: string[] = []
  const listen = () => {
    tokens.on('error', (error) => errors.push(error))
    tokens.on('state', (state) => states.push(state))
  }
  return { tokens, errors, states, listen }
}
const settled = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error) => (typeof error.code === 'string' ? error.code : error.name),
  )

beforeEach(() => {
  stopClock()
  broker = createBroker()
})
afterEach(() => vi.useRealTimers())

describe('the first token', () => {
  test('nothing happens at construction', async () => {
    const { tokens } = manage()
    await pass(60_000)
    expect(broker.asked).toEqual([])
    expect(tokens.state).toBe('idle')
    expect(tokens.peek()).toBeUndefined()
  })

  test('ten concurrent callers cost one exchange', async () => {
    broker.latency = 300
    const { tokens } = manage()
    const all = Promise.all(Array.from({ length: 10 }, () => tokens.getToken()))
    await pass(300)
    expect(new Set((await all).map(({ value }) => value)).size).toBe(1)
    expect(broker.asked).toEqual(['first'])
  })

  test('expiry counts from when the request left, however long the answer takes', async () => {
    broker.latency = 4000
    const { tokens } = manage()
    const left = Date.now()
    const token = tokens.getToken()
    await pass(4000)
    expect((await token).expiresAt).toBe(left + 60_000)
    await pass(55_999)
    expect(tokens.peek()).toBeDefined()
    await pass(1)
    expect(tokens.peek()).toBeUndefined()
  })

  test('authorize() waits for the first token, then answers at once', async () => {
    const { tokens } = manage()
    const first = tokens.authorize(TILE)
    expect(first).toBeInstanceOf(Promise)
    expect((await first)?.headers).toEqual({ Authorization: 'Bearer canary-1' })
    expect(tokens.authorize(TILE)).toEqual({
      url: TILE,
      headers: { Authorization: 'Bearer canary-1' },
      token: 'canary-1',
    })
    expect(tokens.authorize('https://other.example/')).toBeUndefined()
  })
})

describe('failure', () => {
  test('a failed exchange does not poison the next', async () => {
    broker.answer = () => new Response('', { status: 500 })
    const { tokens, errors, listen } = manage()
    listen()
    const waiting = tokens.getToken()
    await pass(100)
    expect(tokens.state).toBe('unavailable')
    broker.answer = undefined
    await pass(1000)
    expect((await waiting).value).toBe('canary-2')
    expect(errors.map(({ code }) => code)).toEqual(['ERR_TOKEN_UNAVAILABLE'])
    expect(tokens.state).toBe('fresh')
  })

  test.each([
    [
      'the network is down',
      () => Promise.reject(new TypeError('Failed to fetch')),
      'ERR_TOKEN_UNAVAILABLE',
    ],
    ['the broker answers 500', () => new Response('', { status: 500 }), 'ERR_TOKEN_UNAVAILABLE'],
    ['the broker answers 429', () => new Response('', { status: 429 }), 'ERR_TOKEN_UNAVAILABLE'],
    ['the answer is HTML', () => new Response('<html>'), 'ERR_TOKEN_RESPONSE_INVALID'],
    ['the answer is broken JSON', () => new Response('{'), 'ERR_TOKEN_RESPONSE_INVALID'],
    ['the broker hangs', () => new Promise<Response>(() => {}), 'ERR_TOKEN_UNAVAILABLE'],
    [
      'the source throws',
      () => {
        throw new Error('bug')
      },
      'ERR_TOKEN_UNAVAILABLE',
    ],
  ])('recovers by itself after %s', async (_, answer, code) => {
    broker.answer = answer as () => Response
    const { tokens, errors, listen } = manage({ waitLimit: 60_000 })
    listen()
    const waiting = tokens.getToken()
    await pass(11_000)
    expect(errors[0]?.code).toBe(code)
    broker.answer = undefined
    await pass(31_000)
    expect((await waiting).value).toMatch(/canary/)
  })

  test('backs off: an hour of failure costs few exchanges', async () => {
    broker.answer = () => new Response('', { status: 503 })
    const { tokens, listen } = manage()
    listen()
    void settled(tokens.getToken())
    await pass(3_600_000)
    expect(broker.asked.length).toBeLessThan(260)
    expect(broker.asked.length).toBeGreaterThan(100)
  })

  test('Retry-After is kept', async () => {
    broker.answer = () => new Response('', { status: 429, headers: { 'retry-after': '20' } })
    const { tokens, listen } = manage({ waitLimit: 60_000 })
    listen()
    void settled(tokens.getToken())
    await pass(19_999)
    expect(broker.asked.length).toBe(1)
    await pass(600)
    expect(broker.asked.length).toBe(2)
  })

  test('a caller waits no longer than waitLimit and learns why', async () => {
    broker.answer = () => new Response('', { status: 503 })
    const { tokens, listen } = manage({ waitLimit: 5000 })
    listen()
    const waiting = settled(tokens.getToken())
    await pass(5000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
  })

  test('a token that has expired when it arrives is not used, and not asked for in a storm', async () => {
    broker.lifetime = 1
    broker.latency = 1500
    const { tokens, errors, listen } = manage()
    listen()
    const waiting = settled(tokens.getToken())
    await pass(10_000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
    expect(errors.every(({ code }) => code === 'ERR_TOKEN_UNAVAILABLE')).toBe(true)
    expect(broker.asked.length).toBeLessThanOrEqual(5)
  })

  test('a denied token stops asking, says so, and starts again by renew()', async () => {
    broker.answer = () => new Response('', { status: 403 })
    const { tokens, errors, states, listen } = manage()
    listen()
    expect(await settled(tokens.getToken())).toBe('ERR_TOKEN_DENIED')
    expect(await settled(tokens.getToken())).toBe('ERR_TOKEN_DENIED')
    await pass(3_600_000)
    expect(broker.asked).toEqual(['first'])
    expect(tokens.state).toBe('denied')
    expect(errors.map(({ code }) => code)).toEqual(['ERR_TOKEN_DENIED'])
    broker.answer = undefined
    expect((await tokens.renew()).value).toBe('canary-2')
    expect(states).toEqual(['renewing', 'denied', 'renewing', 'fresh'])
  })

  test('an error that nobody listens for is printed once', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    broker.answer = () => new Response('', { status: 503 })
    const { tokens } = manage()
    const waiting = settled(tokens.getToken())
    await pass(10_000)
    await waiting
    expect(print).toHaveBeenCalledTimes(1)
    print.mockRestore()
  })
})

describe('renewal', () => {
  test('serves the valid token while renewing', async () => {
    const { tokens } = manage()
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
      const { tokens, listen } = manage()
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
    const { tokens, listen } = manage()
    listen()
    await tokens.getToken()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await pass(30 * 86_400_000)
    expect(broker.asked.length).toBe(1)
    expect(Math.max(...timers.mock.calls.map(([, ms]) => ms ?? 0))).toBeLessThan(2 ** 31)
    timers.mockRestore()
  })

  test('a broker that repeats its token is not asked more and more often', async () => {
    broker.answer = () => {
      const left = 3_600_000 - (Date.now() - 1_800_000_000_000)
      return Response.json({ access_token: 'canary-same', expires_in: left / 1000 })
    }
    const { tokens, listen } = manage()
    listen()
    await tokens.getToken()
    await pass(3_599_000)
    expect(broker.asked.length).toBeLessThanOrEqual(2)
  })

  test('the time of renewal is jittered', async () => {
    const at = new Set<number>()
    for (let i = 0; i < 5; i += 1) {
      broker = createBroker()
      const { tokens, listen } = manage()
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

  test('background renewal runs only while somebody listens', async () => {
    const { tokens } = manage()
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
  ])('a machine that %s sends no stale token', async (_, ms) => {
    const { tokens } = manage()
    await tokens.getToken()
    await pass(5000)
    jump(ms)
    expect(tokens.peek()).toBeUndefined()
    expect(await tokens.authorize(TILE)).toMatchObject({ token: 'canary-2' })
    expect(broker.asked).toEqual(['first', 'expired'])
  })

  test('a page clock that is wrong by 10 min all the time changes nothing', async () => {
    vi.setSystemTime(Date.now() + 600_000)
    const { tokens, listen } = manage()
    listen()
    await tokens.getToken()
    await pass(600_000)
    expect(broker.asked.length).toBeLessThanOrEqual(600 / 42 + 1)
    expect(tokens.peek()).toBeDefined()
  })
})

describe('a server refuses the token', () => {
  test('one exchange follows, and nobody gets the refused token meanwhile', async () => {
    const { tokens } = manage()
    await tokens.getToken()
    broker.latency = 200
    await pass(5000)
    tokens.reject('canary-1')
    expect(tokens.peek()).toBeUndefined()
    const waiting = tokens.authorize(TILE)
    expect(waiting).toBeInstanceOf(Promise)
    await pass(200)
    expect(await waiting).toMatchObject({ token: 'canary-2' })
    expect(broker.asked).toEqual(['first', 'rejected'])
  })

  test('ten late refusals of a token that is already replaced cost nothing', async () => {
    const { tokens, listen } = manage()
    listen()
    await tokens.getToken()
    await tokens.renew()
    for (let i = 0; i < 10; i += 1) tokens.reject('canary-1')
    await pass(5000)
    expect(broker.asked).toEqual(['first', 'requested'])
    expect(tokens.peek()?.value).toBe('canary-2')
  })

  test('a server that refuses every token is met with backoff', async () => {
    const { tokens, listen } = manage()
    listen()
    let refused = 0
    for (let at = 0; at < 600_000; at += 100) {
      const token = tokens.peek()
      if (token) {
        refused += 1
        tokens.reject(token.value)
      } else void settled(Promise.resolve(tokens.authorize(TILE)))
      await pass(100)
    }
    expect(refused).toBeLessThan(60)
    expect(broker.asked.length).toBeLessThan(60)
  })
})

describe('the broker is out of reach', () => {
  test('after waitLimit the last token goes out, so that caches can answer', async () => {
    const { tokens, listen } = manage()
    listen()
    await tokens.getToken()
    broker.answer = () => Promise.reject(new TypeError('Failed to fetch'))
    await pass(61_000)
    const waiting = tokens.authorize(TILE)
    await pass(10_000)
    expect(await waiting).toMatchObject({ token: 'canary-1' })
    expect(tokens.authorize(TILE)).toMatchObject({ token: 'canary-1' })
    broker.answer = undefined
    await pass(31_000)
    expect(tokens.peek()).toBeDefined()
  })

  test('a refused token never goes out again', async () => {
    const { tokens, listen } = manage()
    listen()
    await tokens.getToken()
    broker.answer = () => Promise.reject(new TypeError('Failed to fetch'))
    tokens.reject('canary-1')
    const waiting = settled(Promise.resolve(tokens.authorize(TILE)))
    await pass(10_000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
  })
})

describe('callers come and go', () => {
  test('an abort detaches one caller only, with its own reason', async () => {
    broker.latency = 500
    const { tokens } = manage()
    const abort = new AbortController()
    const reason = new Error('mine')
    const one = tokens.getToken({ signal: abort.signal }).catch((error) => error)
    const other = tokens.getToken()
    abort.abort(reason)
    expect(await one).toBe(reason)
    await pass(500)
    expect((await other).value).toBe('canary-1')
    expect(await tokens.getToken({ signal: abort.signal }).catch((error) => error)).toBe(reason)
  })

  test('invalidate() forgets, aborts whoever waits, and does not bring the old token back', async () => {
    broker.latency = 500
    const { tokens } = manage()
    const waiting = settled(tokens.getToken())
    const renewing = settled(tokens.renew())
    await pass(100)
    tokens.invalidate()
    expect(await waiting).toBe('AbortError')
    expect(await renewing).toBe('AbortError')
    await pass(1000)
    expect(tokens.peek()).toBeUndefined()
    expect(tokens.state).toBe('idle')
    const next = tokens.getToken()
    await pass(500)
    expect((await next).value).toBe('canary-2')
  })

  test('StrictMode: dispose between two mounts leaves a manager that works and no timer', async () => {
    const { tokens } = manage()
    tokens.on('state', () => {})
    await tokens.getToken()
    tokens.dispose()
    expect(vi.getTimerCount()).toBe(0)
    expect(tokens.state).toBe('idle')
    expect((await tokens.getToken()).value).toBe('canary-2')
  })

  test('a listener may call back into the manager, and one that throws stops nobody', async () => {
    const { tokens } = manage()
    const uncaught = vi.fn()
    process.once('uncaughtException', uncaught)
    const seen: unknown[] = []
    tokens.on('renewed', () => {
      throw new Error('listener bug')
    })
    tokens.on('renewed', () => seen.push(tokens.peek()?.value, tokens.state))
    await tokens.getToken()
    await pass(0)
    expect(seen).toEqual(['canary-1', 'fresh'])
    await vi.waitFor(() => expect(uncaught).toHaveBeenCalled())
  })
})

describe('options', () => {
  test.each([
    [{ allow: [ALLOW], waitLimit: -1 }, /"waitLimit"/],
    [{ allow: [ALLOW], waitLimit: Number.NaN }, /"waitLimit"/],
    [{ allow: [] }, /"allow"/],
    [{ allow: [ALLOW], grant: 'x' }, /"grant"/],
    [undefined, /"allow"/],
  ])('refuses %j, naming the option', (options, message) => {
    expect(() => createTokenManager(broker, options as TokenManagerOptions)).toThrow(message)
  })

  test('a 401 beside the list is reported once, with the URL and the nearest rule', async () => {
    const { tokens, errors, listen } = manage()
    listen()
    const answer = new Response('', { status: 401 })
    const url = 'https://tiles.example.com/v2/1.png?access_token=canary'
    expect(await tokens.isAuthFailure(url, answer)).toBe(false)
    expect(await tokens.isAuthFailure(url, answer)).toBe(false)
    expect(await tokens.isAuthFailure('https://other.example/', answer)).toBe(false)
    expect(errors.map(({ code }) => code)).toEqual(['ERR_URL_NOT_ALLOWED'])
    expect(errors[0]?.message).toContain('https://tiles.example.com/v2/1.png answered 401')
    expect(errors[0]?.message).toContain(`"${ALLOW}"`)
    expect(errors[0]?.message).not.toContain('canary')
  })

  test('isAuthFailure may read the body and leaves it to others', async () => {
    const { tokens } = manage({
      isAuthFailure: async (response) => (await response.text()).includes('498'),
    })
    const answer = new Response('{"error":{"code":498}}')
    expect(await tokens.isAuthFailure(TILE, answer)).toBe(true)
    expect(await answer.text()).toContain('498')
  })
})

test('P6: no token in any event or error', async () => {
  const { tokens, listen, errors } = manage()
  listen()
  const events: unknown[] = errors
  tokens.on('renewed', (event) => events.push(event))
  await tokens.getToken()
  tokens.reject('canary-1')
  broker.answer = () => new Response('canary', { status: 200 })
  await settled(tokens.renew())
  await pass(5000)
  const text = events
    .map((event) => `${event} ${JSON.stringify(event)} ${(event as Error).stack ?? ''}`)
    .join()
  expect(text).not.toContain('canary-')
  expect(text).not.toContain('"canary')
})

test('a day with sleep, offline hours and a wrong clock costs no more exchanges than visible time explains', async () => {
  broker.lifetime = 300
  const { tokens, listen } = manage()
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

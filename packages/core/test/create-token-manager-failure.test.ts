import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Broker, pass, startBroker } from './support/broker.ts'
import { manage, settled, TILE } from './support/manage.ts'

let broker: Broker
beforeEach(() => {
  broker = startBroker()
})

describe('failure', () => {
  test('a failed exchange does not affect the next', async () => {
    broker.answer = () => new Response('', { status: 500 })
    const { tokens, errors, listen } = manage(broker)
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
    const { tokens, errors, listen } = manage(broker, { waitLimit: 60_000 })
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
    const { tokens, listen } = manage(broker)
    listen()
    void settled(tokens.getToken())
    await pass(3_600_000)
    expect(broker.asked.length).toBeLessThan(260)
    expect(broker.asked.length).toBeGreaterThan(100)
  })

  test('Retry-After is obeyed', async () => {
    broker.answer = () => new Response('', { status: 429, headers: { 'retry-after': '20' } })
    const { tokens, listen } = manage(broker, { waitLimit: 60_000 })
    listen()
    void settled(tokens.getToken())
    await pass(19_999)
    expect(broker.asked.length).toBe(1)
    await pass(600)
    expect(broker.asked.length).toBe(2)
  })

  test('a caller waits no longer than waitLimit and gets the reason', async () => {
    broker.answer = () => new Response('', { status: 503 })
    const { tokens, listen } = manage(broker, { waitLimit: 5000 })
    listen()
    const waiting = settled(tokens.getToken())
    await pass(5000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
  })

  test('a token that has expired on arrival is not used, and causes no storm of requests', async () => {
    broker.lifetime = 1
    broker.latency = 1500
    const { tokens, errors, listen } = manage(broker)
    listen()
    const waiting = settled(tokens.getToken())
    await pass(10_000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
    expect(errors.every(({ code }) => code === 'ERR_TOKEN_UNAVAILABLE')).toBe(true)
    expect(broker.asked.length).toBeLessThanOrEqual(5)
  })

  test('a denial stops all requests, is reported, and ends with renew()', async () => {
    broker.answer = () => new Response('', { status: 403 })
    const { tokens, errors, states, listen } = manage(broker)
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

  test('an error without a listener is printed once', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    broker.answer = () => new Response('', { status: 503 })
    const { tokens } = manage(broker)
    const waiting = settled(tokens.getToken())
    await pass(10_000)
    await waiting
    expect(print).toHaveBeenCalledTimes(1)
    print.mockRestore()
  })
})

describe('a server refuses the token', () => {
  test('one exchange follows, and no caller gets the refused token meanwhile', async () => {
    const { tokens } = manage(broker)
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

  test('ten late refusals of a token that has been replaced cost nothing', async () => {
    const { tokens, listen } = manage(broker)
    listen()
    await tokens.getToken()
    await tokens.renew()
    for (let i = 0; i < 10; i += 1) tokens.reject('canary-1')
    await pass(5000)
    expect(broker.asked).toEqual(['first', 'requested'])
    expect(tokens.peek()?.value).toBe('canary-2')
  })

  test('a server that refuses every token is met with backoff', async () => {
    const { tokens, listen } = manage(broker)
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

describe('every new token is not yet valid, because the clock of its issuer is ahead', () => {
  test('a map full of tiles asks again with backoff, and recovers once tokens are valid', async () => {
    let isAhead = true
    const sent: string[] = []
    vi.stubGlobal('fetch', async (_url: string, { headers }: { headers: Headers }) => {
      sent.push(headers.get('authorization') ?? '')
      return new Response('', { status: isAhead ? 401 : 200 })
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    const { tokens, listen } = manage(broker)
    listen()
    const requestTiles = () => {
      for (let tile = 0; tile < 20; tile += 1) void settled(tokens.fetch(`${TILE}?${tile}`))
    }
    for (let at = 0; at < 300_000; at += 1_000) {
      requestTiles()
      await pass(1_000)
    }
    // Exchanges at 0, 0.5, 1, 2, 4 … s, then every 15 to 30 s.
    expect(broker.asked.length).toBeLessThan(35)
    expect(new Set(sent).size).toBe(broker.asked.length)
    const gaps = broker.times.slice(-5).map((time, index, times) => time - (times[index - 1] ?? 0))
    for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThanOrEqual(15_000)
    isAhead = false
    requestTiles()
    await pass(31_000)
    expect(tokens.peek()).toBeDefined()
    const exchanges = broker.asked.length
    requestTiles()
    await pass(5_000)
    expect(broker.asked.length).toBe(exchanges)
  })
})

describe('the broker is down', () => {
  test('after waitLimit requests carry the last token, so that caches can answer', async () => {
    const { tokens, listen } = manage(broker)
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

  test('a refused token is never sent again', async () => {
    const { tokens, listen } = manage(broker)
    listen()
    await tokens.getToken()
    broker.answer = () => Promise.reject(new TypeError('Failed to fetch'))
    tokens.reject('canary-1')
    const waiting = settled(Promise.resolve(tokens.authorize(TILE)))
    await pass(10_000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
  })
})

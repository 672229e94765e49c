import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createTokenManager, type TokenManager } from '../src/index.ts'
import { createBroker, pass, stopClock } from './support/broker.ts'

beforeEach(stopClock)

const allow = ['https://tiles.example/v1/']
const url = 'https://tiles.example/v1/0/0/0'

describe('a source', () => {
  test('may call the manager: its own exchange is shared, not started again', async () => {
    const asked = vi.fn()
    const tokens: TokenManager = createTokenManager(
      async () => {
        asked()
        void tokens.getToken().catch(() => {})
        return Response.json({ access_token: 'canary', expires_in: 60 })
      },
      { allow },
    )
    expect((await tokens.getToken()).value).toBe('canary')
    expect(asked).toHaveBeenCalledTimes(1)
  })

  test('is not asked if invalidate() follows at once', async () => {
    const broker = createBroker()
    const tokens = createTokenManager(broker, { allow })
    const waiting = tokens.getToken()
    tokens.invalidate()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(broker.asked).toEqual([])
  })

  test('that returns something other than a Response gets an error that says so', async () => {
    const source = async () => ({ access_token: 'canary', expires_in: 60 }) as unknown as Response
    const tokens = createTokenManager(source, { allow })
    tokens.on('error', () => {})
    await expect(tokens.renew()).rejects.toMatchObject({ code: 'ERR_TOKEN_RESPONSE_INVALID' })
    await expect(tokens.renew()).rejects.toThrow(/Response/)
  })

  test('whose JSON cannot be parsed leaks no part of it', async () => {
    const source = async () => Response.json(await new Response('canary-token oops').json())
    const tokens = createTokenManager(source, { allow })
    tokens.on('error', () => {})
    const error = await tokens.renew().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_TOKEN_RESPONSE_INVALID' })
    const { message, stack, cause } = error as Error
    expect(`${message} ${stack} ${String(cause)}`).not.toContain('canary')
  })
})

describe('renew()', () => {
  test('rejects as unavailable, not as aborted, if the broker hangs', async () => {
    const broker = createBroker()
    broker.answer = () => new Promise(() => {})
    const tokens = createTokenManager(broker, { allow })
    tokens.on('error', () => {})
    const renewed = expect(tokens.renew()).rejects.toMatchObject({ code: 'ERR_TOKEN_UNAVAILABLE' })
    await pass(11_000)
    await renewed
  })

  test('never resolves to a token that expired on the way', async () => {
    const broker = createBroker(1)
    broker.latency = 2000
    const tokens = createTokenManager(broker, { allow })
    tokens.on('error', () => {})
    const renewed = expect(tokens.renew()).rejects.toMatchObject({ code: 'ERR_TOKEN_UNAVAILABLE' })
    await pass(2000)
    await renewed
  })

  test('rejects with the reason of invalidate() if that comes first', async () => {
    const broker = createBroker()
    broker.latency = 1000
    const tokens = createTokenManager(broker, { allow })
    const renewed = tokens.renew()
    await pass(100)
    tokens.invalidate()
    await expect(renewed).rejects.toMatchObject({ name: 'AbortError' })
    await pass(5000)
    expect(tokens.peek()).toBeUndefined()
  })

  test('while denied shares one exchange, for which other callers wait', async () => {
    const broker = createBroker()
    broker.answer = () => new Response(null, { status: 401 })
    const tokens = createTokenManager(broker, { allow })
    tokens.on('error', () => {})
    await expect(tokens.getToken()).rejects.toMatchObject({ code: 'ERR_TOKEN_DENIED' })
    broker.answer = undefined
    broker.latency = 100
    const all = Promise.all([tokens.renew(), tokens.renew(), tokens.getToken()])
    await pass(100)
    expect((await all).map(({ value }) => value)).toEqual(['canary-2', 'canary-2', 'canary-2'])
  })
})

describe('a broker that is down', () => {
  test('delays the first request by waitLimit, and no later one', async () => {
    const broker = createBroker(60)
    const tokens = createTokenManager(broker, { allow })
    tokens.on('error', () => {})
    await tokens.getToken()
    broker.answer = () => new Promise(() => {})
    await pass(3_600_000)
    const first = tokens.authorize(url)
    await pass(10_001)
    expect(await first).toMatchObject({ token: expect.any(String) })
    expect(tokens.authorize(url)).toMatchObject({ token: expect.any(String) })
  })

  test('is asked again as soon as the network is back', async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    vi.stubGlobal('document', page)
    const events = new EventTarget()
    vi.stubGlobal('addEventListener', events.addEventListener.bind(events))
    vi.stubGlobal('removeEventListener', events.removeEventListener.bind(events))
    const broker = createBroker(60)
    const tokens = createTokenManager(broker, { allow })
    tokens.on('error', () => {})
    broker.answer = () => Promise.reject(new TypeError('Failed to fetch'))
    tokens.getToken().catch(() => {})
    await pass(300_000)
    broker.answer = undefined
    const before = broker.asked.length
    events.dispatchEvent(new Event('online'))
    await pass(600)
    expect(broker.asked.length).toBe(before + 1)
    expect(tokens.state).toBe('fresh')
    tokens.dispose()
    vi.unstubAllGlobals()
  })

  test('is met with backoff in spite of Retry-After: 0', async () => {
    const broker = createBroker(60)
    broker.answer = () => new Response(null, { status: 503, headers: { 'retry-after': '0' } })
    const tokens = createTokenManager(broker, { allow })
    tokens.on('error', () => {})
    tokens.getToken().catch(() => {})
    await pass(600_000)
    expect(broker.asked.length).toBeLessThan(50)
  })
})

test('with waitLimit 0 no caller waits, and the token is there for the next', async () => {
  const broker = createBroker(60)
  broker.latency = 50
  const tokens = createTokenManager(broker, { allow, waitLimit: 0 })
  const early = expect(tokens.getToken()).rejects.toMatchObject({ code: 'ERR_TOKEN_UNAVAILABLE' })
  await pass(1)
  await early
  await pass(60)
  expect(tokens.authorize(url)).toMatchObject({ token: 'canary-1' })
})

test('a token refused during an exchange is dropped, and that exchange suffices', async () => {
  const broker = createBroker(60)
  const tokens = createTokenManager(broker, { allow })
  await tokens.getToken()
  await pass(1000)
  broker.latency = 200
  const renewed = tokens.renew()
  await pass(100)
  tokens.reject('canary-1')
  const waiting = tokens.getToken()
  expect(tokens.peek()).toBeUndefined()
  await pass(100)
  expect((await waiting).value).toBe('canary-2')
  expect((await renewed).value).toBe('canary-2')
  await pass(5000)
  expect(broker.asked.length).toBe(2)
})

test('use right after invalidate() starts a new exchange; the answer to the old one is ignored', async () => {
  const broker = createBroker(60)
  broker.latency = 100
  const tokens = createTokenManager(broker, { allow })
  const old = expect(tokens.getToken()).rejects.toMatchObject({ name: 'AbortError' })
  await pass(50)
  tokens.invalidate()
  const fresh = tokens.getToken()
  await pass(200)
  await old
  expect((await fresh).value).toBe('canary-2')
  expect(tokens.peek()?.value).toBe('canary-2')
})

test('an answer after dispose() is ignored, and leaves no timer', async () => {
  const broker = createBroker(60)
  let release = (_response: Response) => {}
  broker.answer = () =>
    new Promise((resolve) => {
      release = resolve
    })
  const tokens = createTokenManager(broker, { allow })
  const renewed = vi.fn()
  const waiting = expect(tokens.getToken()).rejects.toMatchObject({ name: 'AbortError' })
  await pass(10)
  tokens.dispose()
  tokens.on('renewed', renewed)
  release(Response.json({ access_token: 'late', expires_in: 60 }))
  await waiting
  await pass(1000)
  expect(renewed).not.toHaveBeenCalled()
  expect(tokens.peek()).toBeUndefined()
  expect(tokens.state).toBe('idle')
  expect(vi.getTimerCount()).toBe(0)
})

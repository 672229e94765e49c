import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTokenManager, createTokenPool, type TokenManager } from '../src/index.ts'
import { type Broker, createBroker, pass, stopClock } from './support/broker.ts'

beforeEach(stopClock)
afterEach(() => {
  vi.unstubAllGlobals()
})

const MINUTE = 60_000
const url = (dataset: string, rest = '0/0/0') => `https://tiles.example/${dataset}/${rest}`

function setUp(lifetime = 60) {
  const brokers = new Map<string, Broker>()
  const managers: TokenManager[] = []
  const pool = createTokenPool(
    (given) => /^https:\/\/tiles\.example\/(\w+)\//.exec(given)?.[1],
    (key) => {
      const broker = brokers.get(key) ?? createBroker(lifetime)
      brokers.set(key, broker)
      const source = async (request: Parameters<Broker>[0]) => {
        const response = await broker(request)
        if (!response.ok) return response
        const body = await response.json()
        return Response.json({ ...body, access_token: `${key}-${body.access_token}` })
      }
      const manager = createTokenManager(source, { allow: [url(key, '')] })
      managers.push(manager)
      return manager
    },
  )
  const broker = (key: string) => brokers.get(key) as Broker
  return { pool, managers, broker, asked: (key: string) => broker(key).asked.length }
}

test('each key has its own token, requested once however many callers wait', async () => {
  const { pool, asked } = setUp()
  const keys = ['north', 'south', 'north', 'south', 'north']
  const requests = await Promise.all(keys.map((key) => pool.authorize(url(key))))
  expect(requests.map((request) => request?.token)).toEqual(keys.map((key) => `${key}-canary-1`))
  expect([asked('north'), asked('south')]).toEqual([1, 1])
  expect(pool.authorize(url('north'))).toMatchObject({ token: 'north-canary-1' })
})

test('a URL without a key, or outside the rule of its key, gets no token', async () => {
  const { pool, managers } = setUp()
  const elsewhere = 'https://other.example/north/0'
  expect(pool.match(elsewhere)).toBeUndefined()
  expect(pool.authorize(elsewhere)).toBeUndefined()
  expect(pool.isAuthFailure(elsewhere, new Response('', { status: 401 }))).toBe(false)
  const plain = vi.fn(async () => new Response('open'))
  vi.stubGlobal('fetch', plain)
  expect(await (await pool.fetch(elsewhere)).text()).toBe('open')
  expect(plain).toHaveBeenCalledWith(elsewhere, undefined)
  expect(managers).toEqual([])
  expect(pool.match(url('north'))?.prefix).toBe(url('north', ''))
})

test('a refused token is replaced for its key only', async () => {
  const { pool, asked } = setUp()
  const north = await pool.authorize(url('north'))
  await pool.authorize(url('south'))
  await pass(1000)
  pool.reject(north?.token ?? '')
  expect((await pool.authorize(url('north')))?.token).toBe('north-canary-2')
  expect(pool.authorize(url('south'))).toMatchObject({ token: 'south-canary-1' })
  expect([asked('north'), asked('south')]).toEqual([2, 1])
})

test('while there is a listener, earlier and later keys are kept fresh; afterwards no timer is left', async () => {
  const { pool, asked } = setUp()
  await pool.authorize(url('north'))
  const renewed = vi.fn()
  const stop = pool.on('renewed', renewed)
  await pool.authorize(url('south'))
  await pass(MINUTE)
  expect(asked('north')).toBe(2)
  expect(asked('south')).toBe(2)
  expect(renewed).toHaveBeenCalledTimes(3)
  stop()
  await pass(10 * MINUTE)
  expect(asked('north')).toBe(2)
  expect(vi.getTimerCount()).toBe(0)
})

test('a key that no request uses is not renewed for ever, and starts afresh when used', async () => {
  const { pool, managers, asked } = setUp()
  pool.on('renewed', () => {})
  await pool.authorize(url('north'))
  await pass(8 * MINUTE)
  const idle = asked('north')
  expect(idle).toBeLessThanOrEqual(10)
  await pass(60 * MINUTE)
  expect(asked('north')).toBe(idle)
  expect(vi.getTimerCount()).toBe(0)
  await pool.authorize(url('north'))
  expect(managers).toHaveLength(2)
})

test('a key that is used after each of its renewals stays', async () => {
  const { pool, managers } = setUp(600)
  pool.on('renewed', () => {
    setTimeout(() => pool.authorize(url('north')), 10)
  })
  await pool.authorize(url('north'))
  await pass(120 * MINUTE)
  expect(managers).toHaveLength(1)
})

test('without listeners an idle key is dropped at the next use of any other', async () => {
  const { pool, managers } = setUp(3600)
  await pool.authorize(url('north'))
  await pass(6 * MINUTE)
  await pool.authorize(url('south'))
  expect(managers.map((manager) => manager.peek()?.value)).toEqual([undefined, 'south-canary-1'])
})

test('a key with a running request is not idle, and does not keep other keys', async () => {
  const { pool, managers } = setUp(3600)
  let answer: (response: Response) => void = () => {}
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => (answer = resolve)))
  const slow = pool.fetch(url('slow'))
  await pool.authorize(url('north'))
  await pass(6 * MINUTE)
  await pool.authorize(url('south'))
  const values = () => managers.map((manager) => manager.peek()?.value)
  expect(values()).toEqual(['slow-canary-1', undefined, 'south-canary-1'])
  answer(new Response('late'))
  expect(await (await slow).text()).toBe('late')
  await pool.authorize(url('south'))
  expect(values()).toEqual([undefined, undefined, 'south-canary-1'])
})

test('the state is that of the worst key, and changes are reported', async () => {
  const { pool, broker } = setUp()
  const states: string[] = []
  pool.on('state', (state) => states.push(state))
  pool.on('error', () => {})
  expect(pool.state).toBe('idle')
  await pool.authorize(url('north'))
  pool.match(url('south'))
  broker('south').answer = () => new Response('', { status: 403 })
  await expect(pool.authorize(url('south'))).rejects.toMatchObject({ code: 'ERR_TOKEN_DENIED' })
  expect(pool.state).toBe('denied')
  broker('south').answer = undefined
  await pass(1000)
  expect((await pool.renew()).value).toBe('south-canary-2')
  expect(pool.state).toBe('fresh')
  expect(states).toEqual(['renewing', 'fresh', 'renewing', 'denied', 'renewing', 'fresh'])
})

test('a key that was dropped no longer counts for the state that is reported', async () => {
  const { pool, broker } = setUp(600)
  const states: string[] = []
  pool.on('state', (state) => states.push(state))
  pool.on('error', () => {})
  pool.match(url('south'))
  broker('south').answer = () => new Response('', { status: 403 })
  await expect(pool.authorize(url('south'))).rejects.toMatchObject({ code: 'ERR_TOKEN_DENIED' })
  await pass(5 * MINUTE)
  await pool.authorize(url('north'))
  expect(states).toEqual(['renewing', 'denied', 'renewing', 'fresh'])
})

test('what changes for one key is reported without asking the others for their state', async () => {
  let reads = 0
  const pool = createTokenPool(
    (given) => given.split('/')[3],
    (key) => {
      const manager = createTokenManager(createBroker(60), { allow: [url(key, '')] })
      return Object.create(manager, {
        state: {
          get: () => {
            reads += 1
            return manager.state
          },
        },
      })
    },
  )
  const listener = vi.fn()
  pool.on('state', listener)
  for (let key = 0; key < 100; key += 1) await pool.authorize(url(`key${key}`))
  expect(listener).toHaveBeenCalledTimes(200)
  expect(reads).toBe(100)
})

test('invalidate() forgets the token of every key, and listeners stay', async () => {
  const { pool, managers } = setUp()
  const renewed = vi.fn()
  pool.on('renewed', renewed)
  await pool.authorize(url('north'))
  pool.invalidate()
  expect(managers[0]?.peek()).toBeUndefined()
  await pass(1000)
  expect((await pool.authorize(url('north')))?.token).toBe('north-canary-2')
  expect(renewed).toHaveBeenCalledTimes(2)
})

test('dispose() forgets every key and listener, and the next use starts afresh', async () => {
  const { pool, managers } = setUp()
  const listener = vi.fn()
  pool.on('state', listener)
  await pool.authorize(url('north'))
  listener.mockClear()
  pool.dispose()
  expect(managers[0]?.peek()).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
  await pool.authorize(url('north'))
  expect(listener).not.toHaveBeenCalled()
  expect(managers).toHaveLength(2)
})

test('a pool has no token of its own, and getToken() says what to use instead', async () => {
  const { pool } = setUp()
  await expect(pool.getToken()).rejects.toThrow(/manager\(url\)/)
  await expect(pool.renew()).rejects.toThrow(TypeError)
  expect(pool.peek()).toBeUndefined()
  expect((await pool.manager(url('north'))?.getToken())?.value).toBe('north-canary-1')
})

test('a URL is matched once: its covered URL does all the rest, and counts as use until it ends', async () => {
  const keyOf = vi.fn((given: string) => new URL(given).pathname.split('/')[1])
  const managers: TokenManager[] = []
  const pool = createTokenPool(keyOf, (key) => {
    const manager = createTokenManager(createBroker(3600), { allow: [url(key, '')] })
    managers.push(manager)
    return manager
  })
  let answer: (response: Response) => void = () => {}
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => (answer = resolve)))
  const covered = pool.match(url('slow'))
  expect(covered?.authorizeNow()).toBeUndefined()
  expect(await covered?.authorize()).toMatchObject({ token: 'canary-1' })
  expect(covered?.authorizeNow()).toMatchObject({ token: 'canary-1' })
  const slow = covered?.fetch()
  await pass(0)
  expect(keyOf).toHaveBeenCalledTimes(1)
  await pass(6 * MINUTE)
  await pool.authorize(url('north'))
  expect(managers[0]?.peek()).toBeDefined()
  answer(new Response('late'))
  expect((await slow)?.refused).toBe(false)
  covered?.reject('canary-1')
  expect(managers[0]?.peek()).toBeUndefined()
  expect(keyOf).toHaveBeenCalledTimes(2)
})

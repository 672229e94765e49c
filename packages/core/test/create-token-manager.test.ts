import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createTokenManager, type TokenManagerOptions } from '../src/index.ts'
import { type Broker, pass, startBroker } from './support/broker.ts'
import { ALLOW, manage, settled, TILE } from './support/manage.ts'

let broker: Broker
beforeEach(() => {
  broker = startBroker()
})

describe('the first token', () => {
  test('nothing happens at construction', async () => {
    const { tokens } = manage(broker)
    await pass(60_000)
    expect(broker.asked).toEqual([])
    expect(tokens.state).toBe('idle')
    expect(tokens.peek()).toBeUndefined()
  })

  test('P5: ten concurrent callers cost one exchange', async () => {
    broker.latency = 300
    const { tokens } = manage(broker)
    const all = Promise.all(Array.from({ length: 10 }, () => tokens.getToken()))
    await pass(300)
    expect(new Set((await all).map(({ value }) => value)).size).toBe(1)
    expect(broker.asked).toEqual(['first'])
  })

  test('expiry counts from when the request departed, however long the answer takes', async () => {
    broker.latency = 4000
    const { tokens } = manage(broker)
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
    const { tokens } = manage(broker)
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

describe('callers come and go', () => {
  test('an abort detaches one caller only, with its own reason', async () => {
    broker.latency = 500
    const { tokens } = manage(broker)
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

  test('invalidate() forgets the token, aborts waiting callers, and ignores the running exchange', async () => {
    broker.latency = 500
    const { tokens } = manage(broker)
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
    const { tokens } = manage(broker)
    tokens.on('state', () => {})
    await tokens.getToken()
    tokens.dispose()
    expect(vi.getTimerCount()).toBe(0)
    expect(tokens.state).toBe('idle')
    expect((await tokens.getToken()).value).toBe('canary-2')
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

  test('a 401 outside the list is reported once per origin, with the URL and the nearest rule', async () => {
    const { tokens, errors, listen } = manage(broker)
    listen()
    const answer = new Response('', { status: 401 })
    const url = 'https://tiles.example.com/v2/1.png?access_token=canary'
    expect(await tokens.isAuthFailure(url, answer)).toBe(false)
    expect(await tokens.isAuthFailure(url, answer)).toBe(false)
    expect(await tokens.isAuthFailure('https://other.example/', answer)).toBe(false)
    expect(errors.map(({ code }) => code)).toEqual(['ERR_URL_NOT_ALLOWED', 'ERR_URL_NOT_ALLOWED'])
    expect(errors[0]?.message).toContain('https://tiles.example.com/v2/1.png answered 401')
    expect(errors[0]?.message).toContain(`"${ALLOW}"`)
    expect(errors[0]?.message).not.toContain('canary')
  })

  test('isAuthFailure may read the body and leaves it readable', async () => {
    const { tokens } = manage(broker, {
      isAuthFailure: async (response) => (await response.text()).includes('498'),
    })
    const answer = new Response('{"error":{"code":498}}')
    expect(await tokens.isAuthFailure(TILE, answer)).toBe(true)
    expect(await answer.text()).toContain('498')
  })
})

test('P6: no token in any event or error', async () => {
  const { tokens, listen, errors } = manage(broker)
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

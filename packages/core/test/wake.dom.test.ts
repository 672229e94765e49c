import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTokenManager } from '../src/index.ts'
import { createBroker, jump, pass, stopClock } from './support/broker.ts'

const setHidden = (hidden: boolean) => {
  Object.defineProperty(document, 'visibilityState', {
    value: hidden ? 'hidden' : 'visible',
    configurable: true,
  })
  document.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(stopClock)
afterEach(() => {
  setHidden(false)
})

const attached = async () => {
  const broker = createBroker()
  const tokens = createTokenManager(broker, { allow: ['/v1/'] })
  const stop = tokens.on('state', () => {})
  await tokens.getToken()
  await pass(5000)
  return { broker, tokens, stop }
}

test('hidden for an hour: no exchange, and the first request after it has a fresh token', async () => {
  const { broker, tokens, stop } = await attached()
  setHidden(true)
  await pass(3_600_000)
  expect(broker.asked.length).toBe(1)
  setHidden(false)
  await pass(0)
  expect(broker.asked.length).toBe(2)
  expect(tokens.peek()?.value).toBe('canary-2')
  stop()
})

test.each(['pageshow', 'online'])('the event %s wakes a page that slept', async (type) => {
  const { broker, stop } = await attached()
  jump(8 * 3_600_000)
  dispatchEvent(new Event(type))
  await pass(0)
  expect(broker.asked).toEqual(['first', 'expired'])
  stop()
})

test('a network error at wake-up schedules another attempt', async () => {
  const { broker, tokens, stop } = await attached()
  tokens.on('error', () => {})
  broker.answer = () => Promise.reject(new TypeError('Failed to fetch'))
  jump(8 * 3_600_000)
  dispatchEvent(new Event('online'))
  await pass(100)
  broker.answer = undefined
  await pass(1000)
  expect(tokens.state).toBe('fresh')
  stop()
  tokens.dispose()
})

test('no listener on the page is left when the last listener is removed', async () => {
  const listening = new Set<unknown>()
  const add = vi.spyOn(document, 'addEventListener')
  const remove = vi.spyOn(document, 'removeEventListener')
  add.mockImplementation((_type, listener) => void listening.add(listener))
  remove.mockImplementation((_type, listener) => void listening.delete(listener))
  const { stop } = await attached()
  expect(listening.size).toBe(1)
  stop()
  expect(listening.size).toBe(0)
  add.mockRestore()
  remove.mockRestore()
})

test('a relative prefix resolves against the page', async () => {
  const { tokens } = await attached()
  expect(tokens.match(new URL('/v1/x', document.baseURI).href)).toBeDefined()
  expect(tokens.match('/v1/x')).toBeDefined()
  expect(tokens.match('/v2/x')).toBeUndefined()
})

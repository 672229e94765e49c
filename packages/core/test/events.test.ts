import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createTokenManager } from '../src/index.ts'
import { createBroker, jump, pass, stopClock } from './support/broker.ts'

beforeEach(stopClock)

const allow = ['https://tiles.example/v1/']
const url = 'https://tiles.example/v1/0/0/0'

describe('a listener', () => {
  test('that invalidates on "renewed" keeps the old token from every later caller', async () => {
    const broker = createBroker()
    const tokens = createTokenManager(broker, { allow })
    let later: Promise<unknown> | undefined
    const stop = tokens.on('renewed', () => {
      stop()
      tokens.invalidate()
      later = tokens.getToken()
    })
    await tokens.getToken().catch(() => {})
    await pass(1000)
    expect(await later).toMatchObject({ value: 'canary-2' })
  })

  test('that invalidates while a background renewal starts breaks no request', async () => {
    const broker = createBroker(10)
    const tokens = createTokenManager(broker, { allow })
    await tokens.getToken()
    tokens.on('state', (state) => state === 'renewing' && tokens.invalidate())
    await pass(1000)
    jump(8000)
    expect(tokens.authorize(url)).toMatchObject({ token: 'canary-1' })
    expect(tokens.peek()).toBeUndefined()
    await pass(10)
    expect(broker.asked).toEqual(['first'])
  })

  test('that was removed by another listener is not called', async () => {
    const tokens = createTokenManager(createBroker(), { allow })
    const second = vi.fn()
    tokens.on('renewed', () => tokens.dispose())
    tokens.on('renewed', second)
    await tokens.getToken()
    await pass(10)
    expect(second).not.toHaveBeenCalled()
  })

  test('may call the manager, and one that throws stops no other', async () => {
    const tokens = createTokenManager(createBroker(), { allow })
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

test('errors that alternate are printed once each if there is no listener', async () => {
  const print = vi.spyOn(console, 'error').mockImplementation(() => {})
  const broker = createBroker(60)
  broker.answer = () => new Response(null, { status: broker.asked.length % 2 ? 500 : 503 })
  const tokens = createTokenManager(broker, { allow })
  tokens.on('state', () => {})
  tokens.getToken().catch(() => {})
  await pass(600_000)
  expect(print).toHaveBeenCalledTimes(2)
  print.mockRestore()
})

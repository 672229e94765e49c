import { describe, expect, test } from 'vitest'
import { createCoolDown } from '../../src/upstreams/cool-down.ts'
import {
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from '../../src/upstreams/errors.ts'

function start() {
  const state = { now: 1_000_000, version: 1 }
  const coolDown = createCoolDown(
    () => state.now,
    () => state.version,
  )
  const isOver = (key = 'a') => {
    try {
      coolDown.assertOver(key)
      return true
    } catch {
      return false
    }
  }
  return { state, coolDown, isOver }
}

describe('the same request is not repeated', () => {
  test.each([
    ['5 s after a refusal', new UpstreamRefusedError('returned 401'), 5_000],
    ['1 s after a useless response', new UpstreamInvalidError('response is not JSON'), 1_000],
  ])('%s, but other requests are sent', (_, error, duration) => {
    const { state, coolDown, isOver } = start()
    coolDown.remember('a', error, 1)
    state.now += duration - 1
    expect([isOver('a'), isOver('b')]).toEqual([false, true])
    state.now += 1
    expect(isOver('a')).toBe(true)
  })

  test('by anyone until Retry-After has passed', () => {
    const { state, coolDown, isOver } = start()
    coolDown.remember('a', new UpstreamUnavailableError('returned 429', 7), 1)
    state.now += 6_999
    expect(() => coolDown.assertOver('b')).toThrow(
      expect.objectContaining({ reason: 'upstream sent Retry-After', retryAfterSeconds: 1 }),
    )
    state.now += 1
    expect(isOver('b')).toBe(true)
  })
})

test('a failure without Retry-After delays nothing', () => {
  const { coolDown, isOver } = start()
  coolDown.remember('a', new UpstreamUnavailableError('returned 500'), 1)
  expect(isOver()).toBe(true)
})

test.each([
  ['another credential', { version: 2 }],
  ['a clock that was set back', { now: 999_999 }],
])('%s ends every wait', (_, change) => {
  const { state, coolDown, isOver } = start()
  coolDown.remember('a', new UpstreamRefusedError('returned 401'), 1)
  coolDown.remember('a', new UpstreamUnavailableError('returned 429', 600), 1)
  expect(isOver()).toBe(false)
  Object.assign(state, change)
  expect(isOver()).toBe(true)
})

test('a refusal is reported until a success, or until the credential is replaced', () => {
  const { state, coolDown } = start()
  coolDown.remember('a', new UpstreamRefusedError('returned 401'), 1)
  state.now += 60_000
  expect(coolDown.isRefused()).toBe(true)
  coolDown.forget('a')
  expect(coolDown.isRefused()).toBe(false)
  coolDown.remember('a', new UpstreamRefusedError('returned 401'), 1)
  state.version += 1
  expect(coolDown.isRefused()).toBe(false)
})

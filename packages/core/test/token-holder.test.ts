import { beforeEach, describe, expect, test, vi } from 'vitest'
import { now } from '../src/clock.ts'
import { TokenError } from '../src/errors.ts'
import { createTokenHolder } from '../src/token-holder.ts'
import { jump, pass, stopClock } from './support/broker.ts'

beforeEach(stopClock)

const MINUTE = 60_000
const DENIED = new TokenError('ERR_TOKEN_DENIED', 'denied')
const UNAVAILABLE = new TokenError('ERR_TOKEN_UNAVAILABLE', 'unavailable')

function setUp(waitLimit = 10_000) {
  const holder = createTokenHolder(waitLimit)
  let issued = 0
  /** An exchange that takes no time. */
  const obtain = (value = `canary-${++issued}`, lifetime = MINUTE) => {
    holder.started()
    holder.ended({ value, expiresAt: Date.now() + lifetime }, now())
  }
  const fail = (error = UNAVAILABLE) => {
    holder.started()
    holder.ended(error, now())
  }
  const renew = vi.fn()
  return { holder, obtain, fail, renew, take: () => holder.take(renew)?.value }
}

describe('the state', () => {
  test('is idle, fresh, unavailable or denied, by what happened last', async () => {
    const { holder, obtain, fail } = setUp()
    expect(holder.state()).toBe('idle')
    obtain()
    expect(holder.state()).toBe('fresh')
    fail()
    expect(holder.state()).toBe('fresh')
    holder.rejected('canary-1')
    expect(holder.state()).toBe('unavailable')
    fail(DENIED)
    expect(holder.state()).toBe('denied')
    holder.started('requested')
    expect(holder.state()).toBe('idle')
    obtain()
    await pass(MINUTE)
    expect(holder.state()).toBe('idle')
  })

  test('is idle again after invalidated(), and nothing is known any more', () => {
    const { holder, obtain, fail, take } = setUp()
    obtain()
    fail(DENIED)
    holder.invalidated(new Error('signed out'))
    expect(holder.state()).toBe('idle')
    expect(take()).toBeUndefined()
    expect(holder.delay(true)).toBe(Number.POSITIVE_INFINITY)
    expect(holder.started()).toBe('first')
  })
})

describe('the reason for an exchange', () => {
  test('follows from the token in hand', async () => {
    const { holder, obtain } = setUp()
    expect(holder.started()).toBe('first')
    obtain()
    expect(holder.started()).toBe('expiring')
    await pass(MINUTE)
    expect(holder.started()).toBe('expired')
    obtain()
    holder.rejected('canary-2')
    expect(holder.started()).toBe('rejected')
    expect(holder.started('requested')).toBe('requested')
  })
})

describe('when the next exchange is due', () => {
  test('never by itself before the first; at once if a caller waits', async () => {
    const { holder } = setUp()
    expect(holder.delay(true)).toBe(Number.POSITIVE_INFINITY)
    holder.wait().catch(() => {})
    expect(holder.delay(false)).toBe(0)
    holder.invalidated(undefined)
  })

  test('a margin before expiry if the token is to be kept fresh', () => {
    const { holder, obtain } = setUp()
    obtain()
    expect(holder.delay(false)).toBe(Number.POSITIVE_INFINITY)
    const delay = holder.delay(true)
    expect(delay).toBeLessThanOrEqual(0.8 * MINUTE)
    expect(delay).toBeGreaterThanOrEqual(0.7 * MINUTE)
  })

  test('never while denied, whoever waits', async () => {
    const { holder, fail } = setUp()
    const early = expect(holder.wait()).rejects.toBe(DENIED)
    fail(DENIED)
    await early
    await expect(holder.wait()).rejects.toBe(DENIED)
    expect(holder.delay(true)).toBe(Number.POSITIVE_INFINITY)
  })

  test('the first rejected token is replaced at once, further ones in a row with backoff', async () => {
    const { holder, obtain } = setUp()
    const delays: number[] = []
    for (let n = 1; n <= 4; n += 1) {
      obtain()
      await pass(MINUTE / 2)
      expect(holder.rejected(`canary-${n}`)).toBe(true)
      const waiting = holder.wait().catch(() => {})
      delays.push(Math.round(holder.delay(false) + MINUTE / 2))
      await pass(10_000)
      await waiting
    }
    expect(delays[0]).toBe(500)
    for (const [index, delay] of delays.slice(1).entries()) {
      expect(delay).toBeGreaterThanOrEqual(500 * 2 ** index * 0.5)
    }
  })

  test('a network that is back ends the backoff of failures without an answer only', () => {
    for (const [error, isLonger] of [
      [UNAVAILABLE, false],
      [new TokenError('ERR_TOKEN_UNAVAILABLE', 'busy', { status: 503 }), true],
    ] as const) {
      const { holder, fail } = setUp()
      for (let n = 0; n < 6; n += 1) fail(error)
      holder.online()
      expect(holder.delay(true) > 500).toBe(isLonger)
    }
  })
})

describe('the token for a request', () => {
  test('is renewed in the background inside the margin only', async () => {
    const { obtain, renew, take } = setUp()
    obtain()
    expect(take()).toBe('canary-1')
    expect(renew).not.toHaveBeenCalled()
    await pass(0.81 * MINUTE)
    expect(take()).toBe('canary-1')
    expect(renew).toHaveBeenCalledTimes(1)
  })

  test('is none once it has expired, until the endpoint has been down for waitLimit', async () => {
    const { obtain, fail, take } = setUp(10_000)
    obtain()
    await pass(MINUTE)
    expect(take()).toBeUndefined()
    fail()
    await pass(9999)
    expect(take()).toBeUndefined()
    await pass(1)
    expect(take()).toBe('canary-1')
    fail(DENIED)
    expect(take()).toBeUndefined()
  })

  test('is none once a server refused it, but a refusal of any other token is ignored', () => {
    const { holder, obtain, take } = setUp()
    obtain()
    expect(holder.rejected('another')).toBe(false)
    expect(take()).toBe('canary-1')
    expect(holder.rejected('canary-1')).toBe(true)
    expect(take()).toBeUndefined()
  })

  test('is none after the clock was set back: its age is unknown', async () => {
    const { holder, obtain } = setUp()
    obtain()
    jump(-MINUTE)
    expect(holder.peek()).toBeUndefined()
  })
})

describe('a caller that waits', () => {
  test('gets the next token', async () => {
    const { holder, obtain } = setUp()
    const waiting = holder.wait()
    obtain()
    expect((await waiting).value).toBe('canary-1')
  })

  test('learns after waitLimit why there is none', async () => {
    const { holder, fail } = setUp(1000)
    const silent = expect(holder.wait()).rejects.toThrow('did not answer within 1 s')
    await pass(1000)
    await silent
    const failed = expect(holder.wait()).rejects.toBe(UNAVAILABLE)
    fail()
    await pass(1000)
    await failed
  })

  test('gets the last token instead if it is a request', async () => {
    const { holder, obtain } = setUp(1000)
    obtain()
    await pass(MINUTE)
    const waiting = holder.wait(null, true)
    await pass(1000)
    expect((await waiting).value).toBe('canary-1')
  })

  test('gets the reason of its signal, even while denied, or that of invalidated()', async () => {
    const { holder, fail } = setUp()
    const reason = new Error('mine')
    fail(DENIED)
    await expect(holder.wait(AbortSignal.abort(reason))).rejects.toBe(reason)
    holder.started('requested')
    const waiting = expect(holder.wait()).rejects.toBe(reason)
    holder.invalidated(reason)
    await waiting
  })
})

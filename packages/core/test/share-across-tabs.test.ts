import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTokenManager, shareAcrossTabs } from '../src/index.ts'
import { createBroker, jump, stopClock } from './support/broker.ts'
import {
  closeTabs,
  deliver,
  listen,
  nextChannel,
  offer,
  openTab,
  openTabs,
  passTogether,
  sent,
} from './support/tabs.ts'

const MINUTE = 60_000

beforeEach(stopClock)
afterEach(() => {
  closeTabs()
  vi.unstubAllGlobals()
})

test('ten tabs make at most two exchanges per lifetime after start-up', async () => {
  const broker = createBroker(60)
  broker.latency = 80
  const tabs = openTabs(10, broker)
  for (const tab of tabs) {
    void tab.getToken()
    await passTogether(900, 100)
  }
  const atStart = broker.asked.length
  expect(atStart).toBe(10)
  // In step with the token of the first: from here on everybody holds one that others know.
  await passTogether(10 * MINUTE, 50)
  expect(broker.asked.length - atStart).toBeGreaterThanOrEqual(10)
  expect(broker.asked.length - atStart).toBeLessThanOrEqual(20)
  expect(new Set(tabs.map((tab) => tab.peek()?.value)).size).toBeLessThanOrEqual(2)
})

test('ten tabs that wake up together after the token has ended make at most two exchanges', async () => {
  const broker = createBroker(600)
  broker.latency = 80
  const tabs = openTabs(10, broker)
  const started = Promise.all(tabs.map((tab) => tab.getToken()))
  await passTogether(1000)
  await started
  // Asleep: the wall clock goes on, and no timer fires.
  jump(15 * MINUTE)
  const before = broker.asked.length
  const woken = Promise.all(tabs.map((tab) => tab.getToken()))
  await passTogether(4000)
  await woken
  expect(broker.asked.length - before).toBeLessThanOrEqual(2)
})

test('ten tabs whose token is refused at once share its successor', async () => {
  const broker = createBroker(60)
  broker.latency = 80
  const tabs = openTabs(10, broker)
  for (const tab of tabs) void tab.getToken()
  await passTogether(70_000, 100)
  const refused = new Set(tabs.map((tab) => tab.peek()?.value ?? ''))
  expect(refused.size).toBe(1)
  const before = broker.asked.length
  for (const tab of tabs) for (const value of refused) tab.reject(value)
  const asked = Promise.all(tabs.map((tab) => tab.getToken()))
  await passTogether(2000)
  const tokens = (await asked).map(({ value }) => value)
  expect(tokens.filter((token) => refused.has(token))).toEqual([])
  expect(broker.asked.length - before).toBeLessThanOrEqual(2)
})

test('the token whose exchange departed last wins, and expires when it says', async () => {
  const broker = createBroker(60)
  const [one, two] = openTabs(2, broker)
  await sent(one)
  await passTogether(30_000, 500)
  expect(await sent(two)).toBe('canary-2')
  await passTogether(19_000, 500)
  // Due: the old one goes out once more while the next is fetched behind it.
  await sent(one)
  expect(await sent(one)).toBe('canary-2')
  expect(one?.peek()?.expiresAt).toBeCloseTo(two?.peek()?.expiresAt ?? 0, -2)
  expect(broker.asked).toEqual(['first', 'first'])
})

test('a token that a server refused to a tab is never used by that tab again', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const [tab] = openTabs(1, broker, channel)
  const { say } = listen(channel)
  expect(await sent(tab)).toBe('canary-1')
  tab?.reject('canary-1')
  say(offer('canary-1'))
  await deliver()
  expect(await sent(tab)).toBe('canary-2')
  say(offer('canary-1'))
  await deliver()
  tab?.reject('canary-2')
  expect(await sent(tab, 2000)).toBe('canary-3')
})

test('after two refused tokens of other tabs in a row, a tab trusts only the broker', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const [tab] = openTabs(1, broker, channel)
  const { say } = listen(channel)
  let token = await sent(tab)
  for (const value of ['bad-1', 'bad-2']) {
    say(offer(value))
    await deliver()
    tab?.reject(token ?? '')
    token = await sent(tab, 2000)
    expect(token).toBe(value)
  }
  say(offer('bad-3'))
  await deliver()
  tab?.reject('bad-2')
  expect(await sent(tab, 4000)).toBe('canary-2')
})

test('renew() and the first use after invalidate() ask the broker, whatever other tabs have', async () => {
  const broker = createBroker(600)
  const [one, two] = openTabs(2, broker)
  await sent(one)
  await sent(two)
  const renewed = one?.renew()
  await passTogether(200)
  expect((await renewed)?.value).toBe('canary-3')
  two?.invalidate()
  expect(await sent(two)).toBe('canary-4')
  expect(broker.asked).toEqual(['first', 'first', 'requested', 'first'])
})

test('ten tabs that ask at the same moment spread, so that most hear of the first', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const { signal } = new AbortController()
  const sources = Array.from({ length: 10 }, () => shareAcrossTabs(broker, { channel }))
  await Promise.all(sources.map((source) => source({ reason: 'first', signal })))
  await passTogether(60_000, 1000)
  const before = broker.asked.length
  broker.latency = 80
  const answers = Promise.all(sources.map((source) => source({ reason: 'expired', signal })))
  for (let ms = 0; ms < 3000; ms++) {
    // Timers of one moment fire before anything is heard.
    vi.advanceTimersByTime(1)
    await deliver()
  }
  expect((await answers).every(({ ok }) => ok)).toBe(true)
  expect(broker.asked.length - before).toBeLessThanOrEqual(3)
})

test('creating a source opens no channel, and without BroadcastChannel it works like the source itself', async () => {
  const broker = createBroker(60)
  const opened = vi.fn()
  vi.stubGlobal('BroadcastChannel', opened)
  shareAcrossTabs(broker, { channel: 'none' })
  expect(opened).not.toHaveBeenCalled()
  vi.stubGlobal('BroadcastChannel', undefined)
  const tab = openTab(broker, 'none')
  expect((await tab.getToken()).value).toBe('canary-1')
  await passTogether(50_000, 1000)
  expect(await sent(tab)).toBe('canary-2')
})

test('a channel without a name throws at once', () => {
  expect(() => shareAcrossTabs('/map-token', { channel: '' })).toThrow(TypeError)
})

test('a source that returns something other than a Response gets an error that says so', async () => {
  const source = shareAcrossTabs((async () => undefined) as never, { channel: nextChannel() })
  const tab = createTokenManager(source, { allow: ['https://tiles.example/'] })
  tab.on('error', () => {})
  await expect(tab.renew()).rejects.toMatchObject({ code: 'ERR_TOKEN_RESPONSE_INVALID' })
  tab.dispose()
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTokenManager, shareAcrossTabs, type TokenManager } from '../src/index.ts'
import { type Broker, createBroker, jump, pass, stopClock } from './broker.ts'

const open: TokenManager[] = []
const listening: BroadcastChannel[] = []
beforeEach(stopClock)
afterEach(() => {
  for (const tab of open.splice(0)) tab.dispose()
  for (const channel of listening.splice(0)) channel.close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const url = 'https://tiles.example/v1/0/0/0'
const MINUTE = 60_000
let channels = 0
const nextChannel = () => `test-${process.pid}-${++channels}`

/** What was posted arrives, as it does by itself outside a stopped clock. */
async function deliver(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function passTogether(ms: number, step = 20): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    await pass(step)
    await deliver()
  }
}

function openTab(broker: Broker, channel: string): TokenManager {
  const tab = createTokenManager(shareAcrossTabs(broker, { channel }), {
    allow: ['https://tiles.example/v1/'],
  })
  tab.on('error', () => {})
  open.push(tab)
  return tab
}

const openTabs = (count: number, broker: Broker, channel = nextChannel()) =>
  Array.from({ length: count }, () => openTab(broker, channel))

/** The token that a tab would send now, when all have had time to talk. */
async function sent(tab: TokenManager | undefined, ms = 400): Promise<string | undefined> {
  const asked = Promise.resolve(tab?.authorize(url))
  await passTogether(ms)
  return (await asked)?.token
}

/** Somebody else on the channel. */
function listen(name: string) {
  const heard: unknown[] = []
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }: MessageEvent) => heard.push(data)
  listening.push(channel)
  return { heard, say: (data: unknown) => channel.postMessage(data) }
}

const offer = (value: string, { age = 0, lifetime = 60_000 } = {}) => ({
  type: 'token',
  value,
  left: Date.now() - age,
  lifetime,
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

test('the token that left last wins, and ends when it ends', async () => {
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

test('a token that a tab had refused is never handed out by it again', async () => {
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

test('two refused tokens of others in a row, and a tab trusts nobody but the broker', async () => {
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

test('renew() and what follows invalidate() ask the broker, whatever the other tabs have', async () => {
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

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'token'],
  ['another type', { ...offer('bad'), type: 'tokens' }],
  ['a value that is no token', offer('bad\r\nX-Evil: 1')],
  ['a value that is no text', { ...offer(''), value: 7 }],
  ['no lifetime', { type: 'token', value: 'bad', left: 1_800_000_000_000 }],
  ['a lifetime without end', { ...offer('bad'), lifetime: Number.POSITIVE_INFINITY }],
  ['an exchange in the future', { ...offer('bad'), left: 1_900_000_000_000 }],
  ['a token that has ended', { ...offer('bad'), left: 1_800_000_000_000 - 60_000 }],
  ['no number', { ...offer('bad'), left: Number.NaN }],
])('%s on the channel is ignored', async (_title, message) => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const [tab] = openTabs(1, broker, channel)
  const { say } = listen(channel)
  await sent(tab)
  tab?.reject('canary-1')
  say(message)
  await deliver()
  expect(await sent(tab)).toBe('canary-2')
})

test('a token that is due itself is not taken over', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const [tab] = openTabs(1, broker, channel)
  const { say } = listen(channel)
  await sent(tab)
  await passTogether(38_000, 500)
  say(offer('due', { age: 30_000, lifetime: 40_000 }))
  await deliver()
  tab?.reject('canary-1')
  expect(await sent(tab)).toBe('canary-2')
})

test('an older token that is heard later does not win', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const [tab] = openTabs(1, broker, channel)
  const { say } = listen(channel)
  await sent(tab)
  await passTogether(10_000, 500)
  say(offer('newer'))
  say(offer('older', { age: 5000 }))
  await deliver()
  tab?.reject('canary-1')
  expect(await sent(tab)).toBe('newer')
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

test('a tab that asks and never tells delays the others only briefly', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const [tab] = openTabs(1, broker, channel)
  const { say } = listen(channel)
  await sent(tab)
  tab?.reject('canary-1')
  const asked = tab?.getToken()
  for (let second = 0; second < 5; second++) {
    say({ type: 'asking' })
    await passTogether(1000, 100)
  }
  expect((await asked)?.value).toBe('canary-2')
})

test('an abort while waiting for the others leaves no timer and asks nobody', async () => {
  const broker = createBroker(60)
  const channel = nextChannel()
  const share = shareAcrossTabs(broker, { channel })
  const { say } = listen(channel)
  const { signal } = new AbortController()
  await share({ reason: 'first', signal })
  say({ type: 'asking' })
  await deliver()
  const abort = new AbortController()
  const answer = share({ reason: 'expired', signal: abort.signal })
  await passTogether(200)
  const reason = new Error('enough')
  abort.abort(reason)
  await expect(answer).rejects.toBe(reason)
  expect(broker.asked).toEqual(['first'])
  expect(vi.getTimerCount()).toBe(0)
})

test('what is posted is the token, its times and its scope', async () => {
  const broker = createBroker(60)
  broker.answer = () =>
    Response.json({ access_token: 'a', expires_in: 60, scope: 'tiles:read', secret: 'no' })
  const channel = nextChannel()
  const { heard } = listen(channel)
  const [tab] = openTabs(1, broker, channel)
  await sent(tab)
  expect(heard).toEqual([
    { type: 'asking' },
    { ...offer('a', { age: Date.now() - 1_800_000_000_000 }), scope: 'tiles:read' },
  ])
})

test('a refusal of the broker reaches the manager as it is, and nobody else', async () => {
  const broker = createBroker(60)
  broker.answer = () => new Response('no', { status: 403 })
  const channel = nextChannel()
  const { heard } = listen(channel)
  const [tab] = openTabs(1, broker, channel)
  const asked = tab?.getToken()
  asked?.catch(() => {})
  await passTogether(200)
  await expect(asked).rejects.toMatchObject({ code: 'ERR_TOKEN_DENIED', status: 403 })
  expect(heard).toEqual([{ type: 'asking' }])
})

test('making a source opens nothing, and without BroadcastChannel it is the source itself', async () => {
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

test('a channel without a name is a mistake told at once', () => {
  expect(() => shareAcrossTabs('/map-token', { channel: '' })).toThrow(TypeError)
})

test('a source that answers something other than a Response is told so', async () => {
  const source = shareAcrossTabs((async () => undefined) as never, { channel: nextChannel() })
  const tab = createTokenManager(source, { allow: ['https://tiles.example/'] })
  tab.on('error', () => {})
  await expect(tab.renew()).rejects.toMatchObject({ code: 'ERR_TOKEN_RESPONSE_INVALID' })
  tab.dispose()
})

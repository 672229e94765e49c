import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { shareAcrossTabs } from '../src/index.ts'
import { createBroker, stopClock } from './support/broker.ts'
import {
  closeTabs,
  deliver,
  listen,
  nextChannel,
  offer,
  openTab,
  passTogether,
  sent,
} from './support/tabs.ts'

/** A tab that has sent its first token, and a stranger on its channel. */
async function openWatchedTab() {
  const broker = createBroker(60)
  const channel = nextChannel()
  const tab = openTab(broker, channel)
  const { say } = listen(channel)
  await sent(tab)
  return { tab, say }
}

beforeEach(stopClock)
afterEach(() => {
  closeTabs()
  vi.unstubAllGlobals()
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
  const { tab, say } = await openWatchedTab()
  tab.reject('canary-1')
  say(message)
  await deliver()
  expect(await sent(tab)).toBe('canary-2')
})

test('a token that is due for renewal itself is not taken over', async () => {
  const { tab, say } = await openWatchedTab()
  await passTogether(38_000, 500)
  say(offer('due', { age: 30_000, lifetime: 40_000 }))
  await deliver()
  tab.reject('canary-1')
  expect(await sent(tab)).toBe('canary-2')
})

test('an older token that arrives later does not win', async () => {
  const { tab, say } = await openWatchedTab()
  await passTogether(10_000, 500)
  say(offer('newer'))
  say(offer('older', { age: 5000 }))
  await deliver()
  tab.reject('canary-1')
  expect(await sent(tab)).toBe('newer')
})

test('a tab that announces an exchange and never sends a token delays the others only briefly', async () => {
  const { tab, say } = await openWatchedTab()
  tab.reject('canary-1')
  const asked = tab.getToken()
  for (let second = 0; second < 5; second++) {
    say({ type: 'asking' })
    await passTogether(1000, 100)
  }
  expect((await asked)?.value).toBe('canary-2')
})

test('an abort while waiting for other tabs leaves no timer and makes no request', async () => {
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

test('a message holds the token, its times and its scope, and nothing else', async () => {
  const broker = createBroker(60)
  broker.answer = () =>
    Response.json({ access_token: 'a', expires_in: 60, scope: 'tiles:read', secret: 'no' })
  const channel = nextChannel()
  const { heard } = listen(channel)
  const tab = openTab(broker, channel)
  await sent(tab)
  expect(heard).toEqual([
    { type: 'asking' },
    { ...offer('a', { age: Date.now() - 1_800_000_000_000 }), scope: 'tiles:read' },
  ])
})

test('a refusal of the broker reaches its own manager only', async () => {
  const broker = createBroker(60)
  broker.answer = () => new Response('no', { status: 403 })
  const channel = nextChannel()
  const { heard } = listen(channel)
  const tab = openTab(broker, channel)
  const asked = tab.getToken()
  asked?.catch(() => {})
  await passTogether(200)
  await expect(asked).rejects.toMatchObject({ code: 'ERR_TOKEN_DENIED', status: 403 })
  expect(heard).toEqual([{ type: 'asking' }])
})

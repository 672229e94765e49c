import { createTokenManager, shareAcrossTabs, type TokenManager } from '../../src/index.ts'
import { type Broker, pass } from './broker.ts'

const open: TokenManager[] = []
const listening: BroadcastChannel[] = []
let channels = 0

/** A channel name that no other test uses. */
export const nextChannel = (): string => `test-${process.pid}-${++channels}`

/** Ends every tab and listener. */
export function closeTabs(): void {
  for (const tab of open.splice(0)) tab.dispose()
  for (const channel of listening.splice(0)) channel.close()
}

/** Lets posted messages arrive, as they do by themselves outside a stopped clock. */
export async function deliver(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass in all tabs, with the messages between them. */
export async function passTogether(ms: number, step = 20): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    await pass(step)
    await deliver()
  }
}

export function openTab(broker: Broker, channel: string): TokenManager {
  const tab = createTokenManager(shareAcrossTabs(broker, { channel }), {
    allow: ['https://tiles.example/v1/'],
  })
  tab.on('error', () => {})
  open.push(tab)
  return tab
}

export const openTabs = (count: number, broker: Broker, channel = nextChannel()): TokenManager[] =>
  Array.from({ length: count }, () => openTab(broker, channel))

/** The token that a tab would send now, after all had time to talk. */
export async function sent(tab: TokenManager | undefined, ms = 400): Promise<string | undefined> {
  const asked = Promise.resolve(tab?.authorize('https://tiles.example/v1/0/0/0'))
  await passTogether(ms)
  return (await asked)?.token
}

/** A stranger on the channel: what it hears, and a way to say something. */
export function listen(name: string) {
  const heard: unknown[] = []
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }: MessageEvent) => heard.push(data)
  listening.push(channel)
  return { heard, say: (data: unknown) => channel.postMessage(data) }
}

/** A message that offers a token. */
export const offer = (value: string, { age = 0, lifetime = 60_000 } = {}) => ({
  type: 'token',
  value,
  left: Date.now() - age,
  lifetime,
})

import { onTestFinished, vi } from 'vitest'
import type { RenewalReason } from '../../src/index.ts'

/** A token endpoint as a source function: its answers can be set, and its requests are recorded. */
export interface Broker {
  (request: { reason: RenewalReason; signal: AbortSignal }): Promise<Response>
  /** Seconds. */
  lifetime: number
  /** Milliseconds until it answers. */
  latency: number
  /** Overrides the answer. */
  answer: (() => Response | Promise<Response>) | undefined
  readonly asked: RenewalReason[]
  /** Epoch ms at which each request came. */
  readonly times: number[]
}

export function createBroker(lifetime = 60): Broker {
  const broker: Broker = Object.assign(
    async ({ reason, signal }: { reason: RenewalReason; signal: AbortSignal }) => {
      broker.asked.push(reason)
      broker.times.push(Date.now())
      const value = `canary-${broker.asked.length}`
      const answer = () =>
        broker.answer?.() ??
        Response.json({ access_token: value, token_type: 'Bearer', expires_in: broker.lifetime })
      if (broker.latency === 0) return answer()
      return new Promise<Response>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        setTimeout(() => resolve(answer()), broker.latency)
      })
    },
    { lifetime, latency: 0, answer: undefined, asked: [], times: [] },
  )
  return broker
}

/** Stops the clock for a test, and creates its broker. */
export function startBroker(): Broker {
  stopClock()
  return createBroker()
}

/** Both clocks and every timer stand still until the test moves them; they run again after it. */
export function stopClock(): void {
  onTestFinished(() => void vi.useRealTimers())
  vi.useFakeTimers({
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    now: 1_800_000_000_000,
  })
}

/** Lets time pass, with everything that happens in it. */
export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** The wall clock jumps: the machine slept (the steady clock stood still), or the clock was set. */
export const jump = (ms: number) => vi.setSystemTime(Date.now() + ms)

import { openSession } from '../support/engines/session.ts'
import { MAP_LIBRARIES } from '../support/engines/session-map.ts'

/** What a page with coarse clocks saw. */
export interface ClampedReport {
  /** The smallest steps of `Date.now()` and `performance.now()`, in ms. */
  readonly steps: readonly [date: number, performance: number]
  /** How long the maps were moved, in ms. */
  readonly took: number
  readonly sessions: readonly string[]
}

/** Steps of a clock that was made coarse, in ms. */
export const STEP = 100
/** Tokens that each map uses. */
const RENEWALS = 5

/** Moves maps with a clock that knows only tenths of seconds: the browser's own, or, if that is finer, ours. */
export async function run(urls: Record<string, string>): Promise<ClampedReport> {
  if (measureStep(Date) < STEP / 2) clamp()
  const steps = [measureStep(Date), measureStep(performance)] as const
  const start = performance.now()
  const sessions = await Promise.all(
    MAP_LIBRARIES.map((library) => openSession(urls, 'short', library, 'header')),
  )
  await Promise.all(
    sessions.map(async (session) => {
      await session.walk(() => session.renewals() >= RENEWALS)
      await session.recover()
      session.tokens.dispose()
      session.map.remove()
    }),
  )
  const took = Math.round(performance.now() - start)
  return { steps, took, sessions: sessions.map(({ name }) => name) }
}

/** The smallest of three steps of a clock, in ms. */
function measureStep(clock: { now(): number }): number {
  const steps = Array.from({ length: 3 }, () => {
    const before = clock.now()
    let after = before
    while (after === before) after = clock.now()
    return after - before
  })
  return Math.round(Math.min(...steps))
}

function clamp(): void {
  for (const clock of [Date, performance]) {
    const now = clock.now.bind(clock)
    clock.now = () => Math.floor(now() / STEP) * STEP
  }
}

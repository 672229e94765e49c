import { setTimeout as wait } from 'node:timers/promises'
import type { Answer } from './answer.ts'
import type { Journal } from './journal.ts'

/** What a replica says about something that has ended. */
export type Probe = (replica: string) => Promise<Answer>

/** When the last replica stopped to accept what had ended. */
interface Ending {
  readonly what: string
  /** When the end was acknowledged, in ms of the steady clock. */
  readonly endedAt: number
  /** When the last request left that a replica accepted; `endedAt` if none was. */
  readonly acceptedAt: number
}

/** Watches whether everything that has ended is refused by every replica. */
export interface Endings {
  /** Watches something whose end was acknowledged just now. */
  watch(what: string, probe: Probe): void
  /** Waits until everything is refused, and asks every replica about it once more. */
  finish(): Promise<void>
  /** Of what ended while the database could be reached. @returns ms by what it was */
  delays(): ReadonlyMap<string, readonly number[]>
  /** The longest delay while it could not, in ms. */
  delayDuringOutage(): number
}

const INTERVAL = 100
const PATIENCE = 60_000
/** Statuses of a refusal. */
const REFUSED = [400, 401]
const ACCEPTED = [200, 204, 206]

/** @param replicas Their URLs. */
export function createEndings(replicas: () => readonly string[], journal: Journal): Endings {
  const endings: Ending[] = []
  const probes: { what: string; probe: Probe }[] = []
  const watching: Promise<void>[] = []

  const isRefused = (what: string, { status }: Answer): boolean => {
    if (REFUSED.includes(status)) return true
    // A replica that is away, or without its database, says nothing.
    if (!ACCEPTED.includes(status) && status !== 0 && status !== 503)
      journal.wrong(`${what}, ended: the answer is ${status}`)
    return false
  }
  /** @returns when this replica accepted it last */
  const watchAt = async (what: string, endedAt: number, probe: Probe, replica: string) => {
    let acceptedAt = endedAt
    for (;;) {
      const answer = await probe(replica)
      if (isRefused(what, answer)) break
      if (ACCEPTED.includes(answer.status)) acceptedAt = answer.askedAt
      if (answer.askedAt - endedAt > PATIENCE) {
        journal.wrong(`${what}, ended, is not refused`)
        break
      }
      await wait(INTERVAL)
    }
    return acceptedAt
  }
  const watchAll = async (what: string, endedAt: number, probe: Probe) => {
    const all = replicas().map((replica) => watchAt(what, endedAt, probe, replica))
    endings.push({ what, endedAt, acceptedAt: Math.max(...(await Promise.all(all))) })
  }
  const isDuringOutage = ({ endedAt, acceptedAt }: Ending) =>
    journal
      .windows()
      .some(({ what, from, to }) => what === 'database' && acceptedAt >= from && endedAt <= to)
  const delayOf = ({ endedAt, acceptedAt }: Ending) => acceptedAt - endedAt

  return {
    watch: (what, probe) => {
      probes.push({ what, probe })
      watching.push(watchAll(what, performance.now(), probe))
    },
    finish: async () => {
      await Promise.all(watching)
      for (const { what, probe } of probes) {
        const answers = await Promise.all(replicas().map(probe))
        for (const { status } of answers)
          if (!REFUSED.includes(status)) journal.wrong(`${what}, ended: in the end ${status}`)
      }
    },
    delays: () => {
      const delays = new Map<string, number[]>()
      for (const ending of endings.filter((each) => !isDuringOutage(each)))
        delays.set(ending.what, [...(delays.get(ending.what) ?? []), delayOf(ending)])
      return delays
    },
    delayDuringOutage: () => Math.max(0, ...endings.filter(isDuringOutage).map(delayOf)),
  }
}

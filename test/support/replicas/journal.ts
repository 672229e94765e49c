import type { Answer } from './answer.ts'
import { findReason, type SurfaceName, type Window } from './surfaces.ts'

/** Notes what every request got, and says in the end what was wrong. */
export interface Journal {
  /** Notes an answer. @returns whether it is one of the good ones */
  note(surface: SurfaceName, answer: Answer, good: readonly number[]): boolean
  /** Notes something wrong that is not a single answer. */
  wrong(text: string): void
  /** Something is away from now on. @returns what ends that, some ms from then on */
  open(what: Window['what']): (marginAfter: number) => void
  /** What was away so far; what has not ended has no end. */
  windows(): readonly Window[]
  judge(): Judgement
}

/** What was right and wrong. */
export interface Judgement {
  readonly wrong: readonly string[]
  /** Number of the errors that the documentation names, by what was away. */
  readonly documented: Readonly<Record<Window['what'], number>>
  /** Number of requests by surface and status. */
  readonly counts: readonly { readonly surface: string; readonly statuses: string }[]
  readonly requests: number
}

/** @param startedAt Start of the test, in ms of the steady clock, from which messages count. */
export function createJournal(startedAt: number): Journal {
  const counts = new Map<SurfaceName, Map<number, number>>()
  const errors: { surface: SurfaceName; answer: Answer }[] = []
  const wrongs: string[] = []
  const windows: { what: Window['what']; from: number; to: number }[] = []
  const describe = (surface: SurfaceName, { status, text, askedAt, endedAt }: Answer) => {
    const at = ((askedAt - startedAt) / 1000).toFixed(2)
    const took = Math.round(endedAt - askedAt)
    return `${surface}: ${status} at ${at} s after ${took} ms: ${text.slice(0, 90).replaceAll(/\s+/g, ' ')}`
  }
  return {
    note: (surface, answer, good) => {
      const { status } = answer
      const own = counts.get(surface) ?? new Map<number, number>()
      counts.set(surface, own.set(status, (own.get(status) ?? 0) + 1))
      if (good.includes(status)) return true
      // Whether it is documented depends on windows that may not have ended yet.
      if (status === 0 || status >= 500) errors.push({ surface, answer })
      else wrongs.push(describe(surface, answer))
      return false
    },
    wrong: (text) =>
      void wrongs.push(`${text} at ${((performance.now() - startedAt) / 1000).toFixed(2)} s`),
    open: (what) => {
      const window = { what, from: performance.now(), to: Number.POSITIVE_INFINITY }
      windows.push(window)
      return (marginAfter) => {
        window.to = performance.now() + marginAfter
      }
    },
    windows: () => windows,
    judge: () => {
      const documented = { killed: 0, ended: 0, database: 0 }
      const wrong = [...wrongs]
      for (const { surface, answer } of errors) {
        const reason = findReason(surface, answer, windows)
        if (reason) documented[reason] += 1
        else wrong.push(describe(surface, answer))
      }
      const rows = [...counts].map(([surface, statuses]) => ({
        surface,
        statuses: [...statuses]
          .sort(([a], [b]) => a - b)
          .map(([status, count]) => `${status}: ${count}`)
          .join(', '),
      }))
      const requests = [...counts.values()].flatMap((own) => [...own.values()])
      return {
        wrong,
        documented,
        counts: rows.sort((a, b) => a.surface.localeCompare(b.surface)),
        requests: requests.reduce((sum, count) => sum + count, 0),
      }
    },
  }
}

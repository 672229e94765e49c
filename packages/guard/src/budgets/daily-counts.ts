import { isRecord } from '../options/is-record.ts'
import { toUtcDay } from './daily-limit.ts'

/**
 * Adds counts to the stored ones of a day. Resolves to the day's totals of the same names, with the
 * counts of all other processes.
 *
 * @param day UTC, as in `2026-01-31`.
 * @param added Counts by organisation. A count of 0 only asks for the total.
 */
export type WriteCounts = (
  day: string,
  added: ReadonlyMap<string, number>,
) => Promise<ReadonlyMap<string, number>>

/** Counts per organisation and day. */
export interface DailyCounts {
  /**
   * Counts one use, unless that would exceed `limit`: then `false`. Synchronous if the day's total is
   * known.
   */
  count(organisation: string, limit: number): boolean | Promise<boolean>
  flush(): Promise<void>
}

/** What {@link createDailyCounts} works with. */
export interface DailyCountsParts {
  readonly write?: WriteCounts
  readonly onError?: (error: unknown) => void
  /** Epoch ms. */
  readonly now: () => number
}

/** How long counts may stay in memory only, in ms. A crash loses them. */
const WRITE_AFTER = 5_000

/** Creates the counts. Its timer runs only while there is something to write. */
export function createDailyCounts({ write, onError, now }: DailyCountsParts): DailyCounts {
  let today = toUtcDay(now())
  /** Totals of today as far as they are written, by organisation. */
  let written = new Map<string, number>()
  let pending = new Map<string, number>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<void> | undefined
  /** Queries for totals of today that are under way, by organisation. */
  let queries = new Map<string, Promise<void>>()

  const schedule = () => {
    if (!write || timer !== undefined) return
    timer = setTimeout(() => void flush(), WRITE_AFTER)
    allowExit(timer)
  }

  const writeOut = async (day: string, added: ReadonlyMap<string, number>) => {
    try {
      const totals = await write?.(day, added)
      if (day === today) for (const [name, total] of totals ?? []) written.set(name, total)
    } catch (error) {
      onError?.(error)
      if (day !== today) return
      for (const [name, count] of added) {
        if (count === 0) continue
        written.set(name, (written.get(name) ?? 0) - count)
        pending.set(name, (pending.get(name) ?? 0) + count)
      }
      if (pending.size > 0) schedule()
    }
  }

  /** Asks for an organisation's total, once a day. If that fails, the next write brings the total. */
  const queryTotal = (name: string): Promise<void> => {
    const day = today
    const known = queries.get(name)
    if (known) return known
    const query = writeOut(day, new Map([[name, 0]])).then(() => {
      if (day !== today) return
      queries.delete(name)
      // No request waits again for a store that is down, or whose answer lacks the name.
      if (!written.has(name)) written.set(name, 0)
    })
    queries.set(name, query)
    return query
  }

  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    await writing
    if (!write || pending.size === 0) return
    const added = pending
    pending = new Map()
    // Until the totals arrive, the counts that are being written count as written.
    for (const [name, count] of added) written.set(name, (written.get(name) ?? 0) + count)
    writing = writeOut(today, added).finally(() => {
      writing = undefined
    })
    await writing
  }

  const turnDay = () => {
    const day = toUtcDay(now())
    if (day === today) return
    if (pending.size > 0) void writeOut(today, pending)
    today = day
    written = new Map()
    pending = new Map()
    queries = new Map()
  }

  const add = (name: string, limit: number): boolean => {
    const used = (written.get(name) ?? 0) + (pending.get(name) ?? 0)
    if (used >= limit) return false
    pending.set(name, (pending.get(name) ?? 0) + 1)
    schedule()
    return true
  }

  return {
    count: (name, limit) => {
      turnDay()
      if (!write || written.has(name)) return add(name, limit)
      // The first use of the day here: others, or this process before a restart, may have counted.
      return queryTotal(name).then(() => add(name, limit))
    },
    flush,
  }
}

/** Lets the process end while the timer runs, in runtimes whose timers would keep it alive. */
function allowExit(timer: unknown): void {
  if (isRecord(timer) && typeof timer.unref === 'function') timer.unref()
}

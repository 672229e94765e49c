/**
 * Adds counts to those of a day and answers the day's totals of the same names, everybody's included.
 *
 * @param day UTC, as in 2026-01-31.
 * @param added By organisation; 0 only asks.
 */
export type WriteCounts = (
  day: string,
  added: ReadonlyMap<string, number>,
) => Promise<ReadonlyMap<string, number>>

/** Counts per organisation and day. */
export interface DailyCounts {
  /** Counts one, unless that would be more than `limit`; at once where the day's total is known. */
  count(organisation: string, limit: number): boolean | Promise<boolean>
  flush(): Promise<void>
}

/** What {@link createDailyCounts} is made of. */
export interface DailyCountsParts {
  readonly write?: WriteCounts
  readonly onError?: (error: unknown) => void
  /** Epoch ms. */
  readonly now: () => number
}

/** How long counts may stay in memory alone, in ms: what a crash loses. */
const WRITE_AFTER = 5_000

/** Creates the counts. The timer runs only while there is something to write. */
export function createDailyCounts({ write, onError, now }: DailyCountsParts): DailyCounts {
  let day = toDay(now())
  /** Totals as far as they are written, by organisation. */
  let written = new Map<string, number>()
  let pending = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  /** Questions for totals of the day that are on their way, by organisation. */
  let asking = new Map<string, Promise<void>>()

  const schedule = () => {
    if (write) timer ??= setTimeout(() => void flush(), WRITE_AFTER).unref()
  }

  const writeOut = async (of: string, added: ReadonlyMap<string, number>) => {
    try {
      const totals = await write?.(of, added)
      if (of === day) for (const [name, total] of totals ?? []) written.set(name, total)
    } catch (error) {
      onError?.(error)
      if (of !== day) return
      for (const [name, count] of added) {
        if (count === 0) continue
        written.set(name, (written.get(name) ?? 0) - count)
        pending.set(name, (pending.get(name) ?? 0) + count)
      }
      if (pending.size > 0) schedule()
    }
  }

  /** Learns an organisation's total, once a day: if it cannot, the next writing brings it. */
  const ask = (name: string): Promise<void> => {
    const of = day
    const known = asking.get(name)
    if (known) return known
    const asked = writeOut(of, new Map([[name, 0]])).then(() => {
      if (of !== day) return
      asking.delete(name)
      // Nobody's request waits again for a store that is down, or that left the name out.
      if (!written.has(name)) written.set(name, 0)
    })
    asking.set(name, asked)
    return asked
  }

  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    await writing
    if (!write || pending.size === 0) return
    const added = pending
    pending = new Map()
    // Until the totals are back, what is being written counts as written.
    for (const [name, count] of added) written.set(name, (written.get(name) ?? 0) + count)
    writing = writeOut(day, added).finally(() => {
      writing = undefined
    })
    await writing
  }

  const turnDay = () => {
    const today = toDay(now())
    if (today === day) return
    if (pending.size > 0) void writeOut(day, pending)
    day = today
    written = new Map()
    pending = new Map()
    asking = new Map()
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
      // The first of the day: others, or this process before a restart, may have counted already.
      return ask(name).then(() => add(name, limit))
    },
    flush,
  }
}

function toDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}

import type { TokenClaims } from '@tilepass/guard'
import type { FailureReporter } from '../observe/failures.ts'
import type { Store } from '../store/open.ts'
import { addUsage, sumUsage, type UsageEntry } from '../store/usage.ts'

/** Whose use it was: an access token counts for what it came from. */
export type User = Pick<TokenClaims, 'sub' | 'parent' | 'org_id'>

/** Counts how often tokens are used. */
export interface Usage {
  /** Counts one use, in memory: it costs a request neither a write nor a wait. */
  record(user: User, use: string): void
  /**
   * Counts one use unless that would be more than `limit` on this day (UTC) for the organisation,
   * whichever processes served the others.
   *
   * @returns How many the day then has, or `undefined` if it was not counted.
   */
  recordWithin(user: User, use: string, limit: number): Promise<number | undefined>
  /** Writes out what is in memory. A store that is unavailable now gets it the next time. */
  flush(): Promise<void>
  /** Stops the timer and writes out what is left. */
  close(): Promise<void>
}

/** How long a count may stay in memory, in ms: what a crash loses. */
const FLUSH_AFTER = 5_000

/** Creates the counter. Its timer runs only while there is something to write. */
export function createUsage(store: Store, now: () => number, report: FailureReporter): Usage {
  let pending = new Map<string, UsageEntry>()
  let writing = new Map<string, UsageEntry>()
  /** Totals of days as the store has them, by organisation, day and use. */
  const stored = new Map<string, number>()
  let flushing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const add = (entry: UsageEntry) => {
    const key = JSON.stringify([entry.day, entry.orgId, entry.token, entry.use])
    const before = pending.get(key)
    pending.set(key, before ? { ...entry, count: before.count + entry.count } : entry)
    timer ??= setTimeout(() => void flush(), FLUSH_AFTER).unref()
  }

  const record = ({ sub, parent, org_id = '' }: User, use: string) => {
    const at = now()
    const day = toDay(at)
    add({ day, orgId: org_id, token: parent ?? sub, use, count: 1, lastUsedAt: at })
  }

  const write = async () => {
    clearTimeout(timer)
    timer = undefined
    if (pending.size === 0) return
    writing = pending
    pending = new Map()
    let unwritten = [...writing.values()]
    try {
      await addUsage(store, unwritten)
      unwritten = []
      await refreshTotals()
    } catch (error) {
      report(error)
      // Totals that lack what has just been written are read afresh.
      if (unwritten.length === 0) stored.clear()
    }
    writing = new Map()
    unwritten.forEach(add)
  }

  const flush = () => {
    flushing ??= write().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  const refreshTotals = async () => {
    const totals = new Map<string, number>()
    for (const key of stored.keys()) {
      const place = fromKey(key)
      if (place.day === toDay(now())) totals.set(key, await sumUsage(store, place))
    }
    stored.clear()
    for (const [key, total] of totals) stored.set(key, total)
  }

  const countUnwritten = (place: TotalPlace) => {
    let count = 0
    for (const entries of [pending, writing])
      for (const { orgId, day, use, ...entry } of entries.values())
        if (orgId === place.orgId && day === place.day && use === place.use) count += entry.count
    return count
  }

  return {
    record,
    recordWithin: async (user, use, limit) => {
      const place = { orgId: user.org_id ?? '', day: toDay(now()), use }
      const key = toKey(place)
      if (!stored.has(key)) {
        // What is being written may or may not be in a total that is read meanwhile.
        await flushing
        const total = await sumUsage(store, place)
        if (!stored.has(key)) stored.set(key, total)
      }
      const used = (stored.get(key) ?? 0) + countUnwritten(place)
      if (used >= limit) return
      record(user, use)
      return used + 1
    },
    flush,
    close: async () => {
      await flushing
      await flush()
      clearTimeout(timer)
    },
  }
}

type TotalPlace = Pick<UsageEntry, 'orgId' | 'day' | 'use'>

/** The day of an instant, in UTC. */
export function toDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}

function toKey({ orgId, day, use }: TotalPlace): string {
  return `${day} ${use} ${orgId}`
}

function fromKey(key: string): TotalPlace {
  const [day = '', use = '', orgId = ''] = key.split(' ')
  return { day, use, orgId }
}

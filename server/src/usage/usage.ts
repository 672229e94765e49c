import type { TokenClaims } from '@tilepass/guard'
import { toUtcDay } from '@tilepass/guard/broker'
import type { FailureReporter } from '../observe/failures.ts'
import type { Store } from '../store/open.ts'
import { addUsage, sumUsage, type UsageEntry } from '../store/usage.ts'

/** The token that was used. An access token counts for the token or grant that it came from. */
export type CountedToken = Pick<TokenClaims, 'sub' | 'parent' | 'org_id'>

/** Counts how often tokens are used. */
export interface Usage {
  /** Counts one use in memory, so that the request waits for no write. */
  record(token: CountedToken, use: string): void
  /**
   * Counts one use unless the organisation then had more than `limit` on this day (UTC), in all
   * processes together.
   *
   * @returns The count of the day, or `undefined` if the use was not counted.
   */
  recordWithin(token: CountedToken, use: string, limit: number): Promise<number | undefined>
  /** Writes the counts in memory to the store; if it is unavailable, the next flush does. */
  flush(): Promise<void>
  /** Stops the timer and writes the last counts. */
  close(): Promise<void>
}

/** How long a count may stay in memory only, in ms; a crash loses that much. */
const FLUSH_AFTER = 5_000

/** Creates the counter. Its timer runs only while there are counts to write. */
export function createUsage(store: Store, now: () => number, report: FailureReporter): Usage {
  let pending = new Map<string, UsageEntry>()
  let writing = new Map<string, UsageEntry>()
  /** Totals in the store, by organisation, day and use. */
  const stored = new Map<string, number>()
  let flushing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const add = (entry: UsageEntry) => {
    const key = `${entry.day} ${entry.use} ${entry.orgId} ${entry.token}`
    const before = pending.get(key)
    pending.set(key, before ? { ...entry, count: before.count + entry.count } : entry)
    timer ??= setTimeout(() => void flush(), FLUSH_AFTER).unref()
  }

  const record = ({ sub, parent, org_id = '' }: CountedToken, use: string) => {
    const at = now()
    const day = toUtcDay(at)
    add({ day, orgId: org_id, token: parent ?? sub ?? '', use, count: 1, lastUsedAt: at })
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
      // These totals lack the counts that have just been written, so they are read again.
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
      const total = fromKey(key)
      if (total.day === toUtcDay(now())) totals.set(key, await sumUsage(store, total))
    }
    stored.clear()
    for (const [key, total] of totals) stored.set(key, total)
  }

  const countUnwritten = (total: TotalKey) => {
    let count = 0
    for (const entries of [pending, writing])
      for (const { orgId, day, use, ...entry } of entries.values())
        if (orgId === total.orgId && day === total.day && use === total.use) count += entry.count
    return count
  }

  return {
    record,
    recordWithin: async (token, use, limit) => {
      const total = { orgId: token.org_id ?? '', day: toUtcDay(now()), use }
      const key = toKey(total)
      if (!stored.has(key)) {
        // A total that is read during a write may or may not include the counts being written.
        await flushing
        const count = await sumUsage(store, total)
        if (!stored.has(key)) stored.set(key, count)
      }
      const used = (stored.get(key) ?? 0) + countUnwritten(total)
      if (used >= limit) return
      record(token, use)
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

type TotalKey = Pick<UsageEntry, 'orgId' | 'day' | 'use'>

function toKey({ orgId, day, use }: TotalKey): string {
  return `${day} ${use} ${orgId}`
}

function fromKey(key: string): TotalKey {
  const [day = '', use = '', orgId = ''] = key.split(' ')
  return { day, use, orgId }
}

import type { FailureReporter } from '../observe/failures.ts'
import { countAuditEntry, type NewAuditEntry } from './audit.ts'
import { applyChange } from './changes.ts'
import type { Store } from './open.ts'

/**
 * Audits what was refused: failed sign-ins, and refusals of the administration. Anyone can cause them,
 * so they are counted in memory and written once a second, as one entry per actor, target, address and
 * minute.
 */
export interface Refusals {
  /** Counts a refusal, without waiting for a write. */
  record(entry: NewAuditEntry): void
  /** Writes the counts; if the store is unavailable, the next flush does. */
  flush(): Promise<void>
  /** Stops the timer and writes the last counts. */
  close(): Promise<void>
}

/** How long a count may stay in memory only, in ms; a crash loses that much. */
const FLUSH_AFTER = 1_000
/** Most entries in memory; beyond them refusals are counted without address. */
const MAX_PENDING = 1_000

type Counted = { readonly entry: NewAuditEntry; readonly count: number }

/** Creates the counter. Its timer runs only while there are counts to write. */
export function createRefusals(store: Store, report: FailureReporter): Refusals {
  let pending = new Map<string, Counted>()
  let flushing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const add = ({ entry, count }: Counted) => {
    let counted = entry
    let key = toKey(entry)
    if (!pending.has(key) && pending.size >= MAX_PENDING && entry.sender) {
      counted = { ...entry, sender: { ...entry.sender, address: '' } }
      key = toKey(counted)
    }
    const before = pending.get(key)
    pending.set(key, { entry: before?.entry ?? counted, count: count + (before?.count ?? 0) })
    timer ??= setTimeout(() => void flush(), FLUSH_AFTER).unref()
  }

  const write = async () => {
    clearTimeout(timer)
    timer = undefined
    if (pending.size === 0) return
    const writing = pending
    pending = new Map()
    try {
      await applyChange(store, async (change) => {
        for (const { entry, count } of writing.values()) await countAuditEntry(change, entry, count)
      })
    } catch (error) {
      report(error)
      for (const counted of writing.values()) add(counted)
    }
  }

  const flush = () => {
    flushing ??= write().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  return {
    record: (entry) => add({ entry, count: 1 }),
    flush,
    close: async () => {
      await flushing
      await flush()
      clearTimeout(timer)
    },
  }
}

function toKey({ at, actor, action, target, detail, sender }: NewAuditEntry): string {
  const minute = Math.floor(at / 60_000)
  return JSON.stringify([minute, actor, action, target, detail, sender?.address])
}

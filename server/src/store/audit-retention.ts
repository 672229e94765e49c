import type { SelectQueryBuilder } from 'kysely'
import type { FailureReporter } from '../observe/failures.ts'
import type { Connection, Store } from './open.ts'
import type { Tables } from './schema.ts'

/** How much of the audit trail is kept. */
export interface AuditRules {
  readonly retentionDays: number
  readonly maxRows: number
}

/** Keeps the audit trail within its rules, in the background. */
export interface AuditRetention {
  /** Stops, once the step that is running has ended. */
  close(): Promise<void>
}

/** How many entries one transaction removes: it holds the lock of the store for a few ms. */
const STEP = 500
/** How often to look, in ms. */
const INTERVAL = 60_000
const DAY = 86_400_000

/** Removes old entries now and once a minute, in small steps between which requests are served. */
export function keepAuditWithin(
  store: Store,
  rules: AuditRules,
  now: () => number,
  report: FailureReporter,
): AuditRetention {
  let isClosed = false
  const prune = async () => {
    try {
      while (!isClosed && (await pruneAudit(store, rules, now())) > 0)
        await new Promise((resolve) => setImmediate(resolve))
    } catch (error) {
      report(error)
    }
  }
  let pruning = prune()
  const timer = setInterval(() => {
    pruning = pruning.then(prune)
  }, INTERVAL).unref()
  return {
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await pruning
    },
  }
}

/**
 * Removes a number of entries that are too old or too many, the oldest first.
 *
 * @returns How many: 0 if the trail is within its rules.
 */
export async function pruneAudit(
  connection: Connection,
  { retentionDays, maxRows }: AuditRules,
  now: number,
): Promise<number> {
  const { db } = connection
  const newest = await db.selectFrom('audit').select('id').orderBy('id', 'desc').executeTakeFirst()
  if (!newest) return 0
  // One query for both rules would read the whole trail each time that there is nothing to remove.
  const excess = db
    .selectFrom('audit')
    .select('id')
    .where('id', '<=', newest.id - maxRows)
  const old = db
    .selectFrom('audit')
    .select('id')
    .where('at', '<', now - retentionDays * DAY)
  return (
    (await remove(connection, excess.orderBy('id').limit(STEP))) ||
    (await remove(connection, old.orderBy('at').limit(STEP)))
  )
}

async function remove(
  { db }: Connection,
  ids: SelectQueryBuilder<Tables, 'audit', { id: number }>,
): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('audit').where('id', 'in', ids).executeTakeFirst()
  return Number(numDeletedRows)
}

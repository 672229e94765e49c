import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { FailureReporter } from '../observe/failures.ts'
import { getEarlierNow } from './earlier-clock.ts'
import type { Connection, Store } from './open.ts'
import { type Retention, runRetention } from './retention.ts'
import type { Tables } from './schema.ts'
import { takeTurn, transact } from './transact.ts'

/** How much of the audit trail is kept. */
export interface AuditRules {
  readonly retentionDays: number
  readonly maxRows: number
}

/** How many entries one transaction removes: it holds the lock of the store for a few ms. */
const STEP = 500
/** How often to look, in ms. */
const INTERVAL = 60_000
const DAY = 86_400_000
/**
 * What goes first when there are too many entries, in this order: what strangers cause; then sessions,
 * what is counted, and what users and Mapbox tokens change. What is left are changes by operators and
 * API tokens. Each is what an index holds; with bound values SQLite would not use it.
 */
const GOES_FIRST = [
  sql<boolean>`action in ('session.fail', 'admin.refuse')`,
  sql<boolean>`(minute is not null or action in ('session.open', 'session.refresh', 'session.end') or actor not in ('cli', 'broker') and substr(actor, 1, 4) <> 'tok_')`,
]

/** Removes old entries now and once a minute, in small steps between which requests are served. */
export function keepAuditWithin(
  store: Store,
  rules: AuditRules,
  now: () => number,
  report: FailureReporter,
): Retention {
  return runRetention(async () => (await pruneAudit(store, rules, now())) > 0, INTERVAL, report)
}

/**
 * Removes a number of entries that are too old or too many, the oldest first. Of too many, those go first
 * that can be caused at will, refusals before all: nobody can push the changes of operators out. Of several
 * processes one at a time counts and removes: with a count of before, another would remove as many again.
 *
 * @returns How many: 0 if the trail is within its rules.
 */
export async function pruneAudit(
  connection: Connection,
  rules: AuditRules,
  now: number,
): Promise<number> {
  const kept = sql.lit(rules.retentionDays * DAY)
  const earliest = sql<number>`${getEarlierNow(connection, now)} - ${kept}`
  // Mostly there is nothing to remove, and then nobody has to wait for the count.
  const isWithin =
    !(await selectOld(connection, earliest).executeTakeFirst()) &&
    (await countExcess(connection, rules.maxRows)) <= 0
  if (isWithin) return 0
  return transact(connection, async (db) => {
    await takeTurn({ db }, 'audit')
    return removeStep({ db }, earliest, rules.maxRows)
  })
}

async function removeStep(
  connection: Connection,
  earliest: RawBuilder<number>,
  maxRows: number,
): Promise<number> {
  const removed = await remove(connection, selectOld(connection, earliest))
  if (removed > 0) return removed
  const excess = Math.min(await countExcess(connection, maxRows), STEP)
  if (excess <= 0) return 0
  const oldest = connection.db.selectFrom('audit').select('id').orderBy('id').limit(excess)
  for (const isMeant of GOES_FIRST) {
    const count = await remove(connection, oldest.where(isMeant))
    if (count > 0) return count
  }
  return remove(connection, oldest)
}

function selectOld({ db }: Connection, earliest: RawBuilder<number>) {
  return db.selectFrom('audit').select('id').where('at', '<', earliest).orderBy('at').limit(STEP)
}

async function countExcess({ db }: Connection, maxRows: number): Promise<number> {
  const newest = await db.selectFrom('audit').select('id').orderBy('id', 'desc').executeTakeFirst()
  // Counting reads the whole trail, so it waits until there can be too many.
  if (!newest || newest.id <= maxRows) return 0
  const { count } = await db
    .selectFrom('audit')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count - maxRows
}

async function remove(
  { db }: Connection,
  ids: SelectQueryBuilder<Tables, 'audit', { id: number }>,
): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('audit').where('id', 'in', ids).executeTakeFirst()
  return Number(numDeletedRows)
}

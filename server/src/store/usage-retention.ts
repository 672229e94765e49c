import { toUtcDay } from '@tilepass/guard/broker'
import { sql } from 'kysely'
import type { FailureReporter } from '../observe/failures.ts'
import type { Connection, Store } from './open.ts'
import { type Retention, runRetention } from './retention.ts'

/** How long counts of usage are kept. */
export interface UsageRules {
  readonly retentionDays: number
}

/** How many counts one step removes: it holds the lock of the store for a few ms. */
const STEP = 500
/** How often to look, in ms: counts are of whole days. */
const INTERVAL = 3_600_000
const DAY = 86_400_000

/** Removes old counts now and once an hour, in small steps between which requests are served. */
export function keepUsageWithin(
  store: Store,
  rules: UsageRules,
  now: () => number,
  report: FailureReporter,
): Retention {
  return runRetention(createUsagePruning(store, rules, now), INTERVAL, report)
}

/**
 * Creates the step that removes counts of days that are too old, of one organisation after the other: the
 * primary key begins with it, so that no step reads what stays.
 *
 * @returns resolves to false once all have been looked at; then it begins again.
 */
export function createUsagePruning(
  connection: Connection,
  { retentionDays }: UsageRules,
  now: () => number,
): () => Promise<boolean> {
  let orgId: string | undefined
  return async () => {
    orgId ??= await findNext(connection)
    if (orgId === undefined) return false
    const earliest = toUtcDay(now() - retentionDays * DAY)
    const isDone = (await removeStep(connection, orgId, earliest)) < STEP
    if (isDone) orgId = await findNext(connection, orgId)
    return orgId !== undefined
  }
}

async function findNext({ db }: Connection, after?: string): Promise<string | undefined> {
  const organisations = db.selectFrom('usage').select('org_id').orderBy('org_id').limit(1)
  const next = after === undefined ? organisations : organisations.where('org_id', '>', after)
  return (await next.executeTakeFirst())?.org_id
}

/** Processes that do the same at once remove each row once. */
async function removeStep({ db }: Connection, orgId: string, earliest: string): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from usage where (org_id, day, token, use) in (
      select org_id, day, token, use from usage
      where org_id = ${orgId} and day < ${earliest}
      order by day limit ${sql.lit(STEP)}
    )`.execute(db)
  return Number(numAffectedRows)
}

import { sql } from 'kysely'
import type { Connection, Store } from './open.ts'
import { transact } from './transact.ts'

/** How often a token was used on a day, for one kind of use. */
export interface UsageCount {
  /** UTC, as in 2026-01-31. */
  readonly day: string
  readonly orgId: string
  /** Id of a long-lived token or of a grant. */
  readonly token: string
  readonly use: string
  readonly count: number
}

/** A count to add, and when the token was last used. */
export interface UsageEntry extends UsageCount {
  /** Epoch ms. */
  readonly lastUsedAt: number
}

/** Adds counts to those in the store, which any process may have written. */
export async function addUsage(store: Store, entries: readonly UsageEntry[]): Promise<void> {
  // In one order, so that two processes that write the same rows do not wait for each other.
  const sorted = [...entries].sort(compareEntries)
  await transact(store, async (transaction) => {
    for (const { day, orgId, token, use, count, lastUsedAt } of sorted) {
      await transaction
        .insertInto('usage')
        .values({ day, org_id: orgId, token, use, count })
        .onConflict((conflict) =>
          conflict
            .columns(['org_id', 'day', 'token', 'use'])
            .doUpdateSet({ count: sql`usage.count + excluded.count` }),
        )
        .execute()
      await transaction
        .updateTable('api_token')
        .set({ last_used_at: lastUsedAt })
        .where('id', '=', token)
        .where((where) =>
          where.or([where('last_used_at', 'is', null), where('last_used_at', '<', lastUsedAt)]),
        )
        .execute()
    }
  })
}

const toOrder = ({ orgId, day, token, use }: UsageEntry) => [orgId, day, token, use].join(' ')
const compareEntries = (one: UsageEntry, other: UsageEntry) =>
  toOrder(one) < toOrder(other) ? -1 : 1

/** Counts of an organisation on the days from `from` to `to` inclusive, the newest day first. */
export async function listUsage(
  { db }: Connection,
  orgId: string,
  from: string,
  to: string,
): Promise<readonly UsageCount[]> {
  const rows = await db
    .selectFrom('usage')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('day', '>=', from)
    .where('day', '<=', to)
    .orderBy('day', 'desc')
    .orderBy('token')
    .orderBy('use')
    .execute()
  return rows.map(({ org_id, ...row }) => ({ ...row, orgId: org_id }))
}

/** How often an organisation's tokens were used on a day, for one kind of use. */
export async function sumUsage(
  { db }: Connection,
  { orgId, day, use }: Pick<UsageCount, 'orgId' | 'day' | 'use'>,
): Promise<number> {
  const row = await db
    .selectFrom('usage')
    .select(({ fn }) => fn.sum<number | null>('count').as('total'))
    .where('org_id', '=', orgId)
    .where('day', '=', day)
    .where('use', '=', use)
    .executeTakeFirst()
  return Number(row?.total ?? 0)
}

/** Uses of these tokens on a day and in total, by token id. */
export async function summarizeUsage(
  { db }: Connection,
  tokens: readonly string[],
  day: string,
): Promise<ReadonlyMap<string, { readonly today: number; readonly total: number }>> {
  if (tokens.length === 0) return new Map()
  const rows = await db
    .selectFrom('usage')
    .select(({ fn }) => [
      'token',
      fn.sum<number>('count').as('total'),
      sql<number>`sum(case when day = ${day} then count else 0 end)`.as('today'),
    ])
    .where('token', 'in', tokens)
    .groupBy('token')
    .execute()
  return new Map(
    rows.map(({ token, today, total }) => [token, { today: Number(today), total: Number(total) }]),
  )
}

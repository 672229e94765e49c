import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from './dialect.ts'
import type { Connection } from './store.ts'

/** The time of the database, in epoch ms. */
const DATABASE_NOW = sql<number>`floor(extract(epoch from statement_timestamp()) * 1000)::bigint`

/**
 * The time at which rows count as expired that other replicas may need: by our own clock or that of the
 * database, whichever is behind. A replica whose clock is ahead must not delete what the others still
 * rely on. Processes on one SQLite file share the clock of their machine.
 *
 * @param now Our own clock, in epoch ms.
 */
export function getEarlierNow(connection: Connection, now: number): RawBuilder<number> {
  const own = sql<number>`${now}`
  // As a query it is computed once, not for each row.
  return isPostgres(connection) ? sql<number>`(select least(${own}::bigint, ${DATABASE_NOW}))` : own
}

/** Reads {@link getEarlierNow}. */
export async function readEarlierNow(connection: Connection, now: number): Promise<number> {
  const { rows } = await sql<{
    now: number
  }>`select ${getEarlierNow(connection, now)} as now`.execute(connection.db)
  return rows[0]?.now ?? now
}

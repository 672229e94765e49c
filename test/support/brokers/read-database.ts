import { sql } from 'kysely'
import { openStoreOf } from '../../../server/test/support/store-under-test.ts'

/** What counts requests, as a log does, which every request may do. */
const COUNTED_TABLES = ['usage', 'rate_limit']
const COUNTED_COLUMNS = ['last_used_at']
/** Audit entries that count the refusals of a minute have one. */
const isCount = (table: string, row: Record<string, unknown>) =>
  table === 'audit' && row.minute !== null

const TABLES = {
  sqlite: sql<{ name: string }>`
    select name from sqlite_master where type = 'table' order by name`,
  postgres: sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
}

/** Everything in the database of a data folder, by table, besides the counts of uses and refusals. */
export async function readDatabase(data: string): Promise<Readonly<Record<string, unknown[]>>> {
  const { db, kind, close } = await openStoreOf(data)
  const { rows: tables } = await TABLES[kind].execute(db)
  const content: Record<string, unknown[]> = {}
  for (const { name } of tables.filter((table) => !COUNTED_TABLES.includes(table.name))) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(
      db,
    )
    content[name] = rows
      .filter((row) => !isCount(name, row))
      .map((row) =>
        Object.fromEntries(
          Object.entries(row).filter(([column]) => !COUNTED_COLUMNS.includes(column)),
        ),
      )
      // PostgreSQL moves a row that is written, also where nothing in it changes.
      .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
  }
  await close()
  return content
}

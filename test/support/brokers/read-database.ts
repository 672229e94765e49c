import { sql } from 'kysely'
import { openStoreOf } from '../../../server/test/support/store-under-test.ts'

/** What counts requests, as a log does, which every request may do. */
const COUNTED_TABLES = ['usage']
const COUNTED_COLUMNS = ['last_used_at']
/** Audit entries that count the refusals of a minute have one. */
const isCount = (table: string, row: Record<string, unknown>) =>
  table === 'audit' && row.minute !== null

/** Everything in the database of a data folder, by table, besides the counts of uses and refusals. */
export async function readDatabase(data: string): Promise<Readonly<Record<string, unknown[]>>> {
  const { db, close } = await openStoreOf(data)
  const { rows: tables } = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' order by name`.execute(db)
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
  }
  await close()
  return content
}

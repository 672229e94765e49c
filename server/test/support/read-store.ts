import { sql } from 'kysely'
import type { Store } from '../../src/store/open.ts'

const TABLES = {
  sqlite: sql<{ name: string }>`
    select name from sqlite_master where type = 'table' order by name`,
  postgres: sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
}

/** Everything in a store, by table; the rows in an order of their own. */
export async function readStore({
  db,
  kind,
}: Store): Promise<Readonly<Record<string, readonly Record<string, unknown>[]>>> {
  const content: Record<string, Record<string, unknown>[]> = {}
  for (const { name } of (await TABLES[kind].execute(db)).rows) {
    const table = sql<Record<string, unknown>>`select * from ${sql.table(name)}`
    const { rows } = await table.execute(db)
    // PostgreSQL moves a row that is written, also where nothing in it changes.
    content[name] = rows
      .map((row) => ({ ...row }))
      .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
  }
  return content
}

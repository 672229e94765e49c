import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { StoreUnavailableError } from './errors.ts'
import type { Store } from './open.ts'
import { openSqlite } from './sqlite.ts'

/** Does another connection have the database of a data folder open? It can be left out of WAL mode only if none has. */
export async function isFolderInUse(folder: string): Promise<boolean> {
  const path = join(folder, 'tilepass.db')
  if (!existsSync(path)) return false
  const database = await openSqlite(path, 0, { isCopy: true })
  try {
    database.exec('pragma journal_mode = delete')
    return false
  } catch (error) {
    if (error instanceof StoreUnavailableError) return true
    throw error
  } finally {
    database.close()
  }
}

/** How many other connections of Tilepass a PostgreSQL database has, as far as this user may see them. */
export async function countOtherConnections({ db }: Store): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from pg_stat_activity
    where datname = current_database() and application_name = current_setting('application_name')
      and pid <> pg_backend_pid()`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

import { PostgresAdapter } from 'kysely'
import type { Connection } from './store.ts'

/** Is this a database that several machines use at the same time? Otherwise it is a file of this one. */
export function isPostgres({ db }: Connection): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

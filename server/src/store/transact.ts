import type { Transaction } from 'kysely'
import { StoreConflictError } from './errors.ts'
import type { Connection } from './open.ts'
import type { Tables } from './schema.ts'

/** For how long a transaction is tried again, in ms: a client must have its answer within 2 s. */
const RETRY_FOR = 1_000
/** How often it is tried at least: on a busy machine the first attempt may take as long. */
const FEWEST_ATTEMPTS = 3

/**
 * Runs a transaction, and runs it again if the database has undone it for the sake of another one:
 * PostgreSQL does that when two wait for each other. SQLite runs one transaction at a time.
 *
 * @param run Called again for each attempt, so it must have no effects but those of its queries.
 * @throws `StoreUnavailableError` if no attempt succeeds within a second, nor the third one.
 */
export async function transact<T>(
  { db }: Connection,
  run: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(run)
    } catch (error) {
      const isLate = performance.now() - startedAt >= RETRY_FOR
      const isOver = isLate && attempt >= FEWEST_ATTEMPTS
      if (!(error instanceof StoreConflictError) || isOver) throw error
    }
  }
}

/** What is read and then written by one transaction at a time, in every process. */
export type Turn = 'signing keys' | 'datasets' | 'audit'

/**
 * Waits until no other transaction has this turn, and takes it until the end of this one. Reads before a
 * write need it: PostgreSQL runs transactions at the same time. An update locks the row in every database.
 */
export async function takeTurn({ db }: Connection, name: Turn): Promise<void> {
  await db.updateTable('turn').set({ name }).where('name', '=', name).execute()
}

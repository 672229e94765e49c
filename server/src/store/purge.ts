import { sql } from 'kysely'
import type { Change } from './changes.ts'
import { StoreUnavailableError } from './errors.ts'
import type { Store } from './open.ts'
import { findSetting, setSetting } from './settings.ts'

/** Set while secrets that were replaced may be left in free pages of the database file or in its WAL. */
const PENDING = 'purge_pending'

/** Notes, in the change that replaces secrets, that the file is to be purged of what they were before. */
export async function notePurge(change: Change): Promise<void> {
  await setSetting(change, PENDING, '1')
}

/**
 * Purges the file of the secrets that were replaced, if that is noted. A process may have been killed
 * between the change and the purge, so every start looks.
 *
 * @returns `false` if another process keeps a lock: then the next start tries again.
 */
export async function purgeIfPending(store: Store): Promise<boolean> {
  if ((await findSetting(store, PENDING)) === undefined) return true
  if (store.kind === 'sqlite' && !(await purgeSqlite(store))) return false
  await store.db.deleteFrom('setting').where('name', '=', PENDING).execute()
  return true
}

/**
 * VACUUM writes every page anew and drops the free ones; the checkpoint writes them over the old pages
 * of the file and empties the WAL.
 */
async function purgeSqlite({ db }: Store): Promise<boolean> {
  try {
    await sql`vacuum`.execute(db)
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db)
    return rows[0]?.busy === 0
  } catch (error) {
    if (error instanceof StoreUnavailableError) return false
    throw error
  }
}

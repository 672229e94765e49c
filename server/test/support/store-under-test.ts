import { join } from 'node:path'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { type OpenOptions, openStore, type Store } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeDataFolder, NOW } from './broker-under-test.ts'
import { DATABASE_KEY, makeSealingKey } from './sealing-keys.ts'
import { findDatabaseUrl, locateTestStore } from './test-location.ts'

/** Opens the store of a data folder, or the database in its place; the caller closes it. */
export async function openStoreOf(
  folder: string,
  options: Partial<OpenOptions> = {},
): Promise<Store> {
  const store = await openStore(await locateTestStore(folder), { patience: 1_000, ...options })
  if (store.kind === 'postgres') store.sealing.use([makeSealingKey(DATABASE_KEY)])
  return store
}

const WRITTEN = 'account, api_token, audit, login_family, revocation, revocation_sequence, usage'

/**
 * Keeps everybody from writing to a store, as a process that hangs in a transaction does; reading goes on.
 *
 * @returns Ends that.
 */
export async function lockStore(folder: string): Promise<() => Promise<void>> {
  const databaseUrl = await findDatabaseUrl(folder)
  if (databaseUrl === undefined) {
    const other = await openSqlite(join(folder, 'tilepass.db'), 50)
    other.prepare('begin').run([])
    return async () => {
      other.prepare('rollback').run([])
      other.close()
    }
  }
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('begin')
  await client.query(`lock table ${WRITTEN} in exclusive mode`)
  return () => client.end()
}

/** Opens a store that is closed after the test; several of them may share a folder. */
export async function openTestStore(
  folder = makeDataFolder(),
  options: Partial<OpenOptions> = {},
): Promise<Store> {
  const store = await openStoreOf(folder, options)
  onTestFinished(() => store.close())
  return store
}

/** Lists this many revocations of API tokens; they count for an hour. */
export async function fillRevocations({ db }: Store, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `tok_old_${index}`,
    revoked_at: NOW,
    expires_at: NOW + 3_600_000,
    org_id: null,
    seq: index,
  }))
  while (rows.length > 0) await db.insertInto('revocation').values(rows.splice(0, 1_000)).execute()
}

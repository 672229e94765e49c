import { chmod, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, type LogEvent, SqliteDialect } from 'kysely'
import { backUpBeforeMigration } from './migration-backup.ts'
import { migrate } from './migrations.ts'
import type { StoreKind } from './require-sealing.ts'
import type { Tables } from './schema.ts'
import { createSealing, type Sealing } from './sealing.ts'
import { openSqlite } from './sqlite.ts'

/** What queries run on: the open store, or a change in progress. */
export interface Connection {
  readonly db: Kysely<Tables>
}

/** What queries for secrets run on. */
export interface SealedConnection extends Connection {
  readonly sealing: Sealing
}

/** An open store. Several processes may have the same data folder open. */
export interface Store extends SealedConnection {
  readonly kind: StoreKind
  /** The backup that was made because the schema was brought up to date; `undefined` if it was not. */
  readonly migrationBackup: string | undefined
  /** A number that changes whenever another process has written to the store. */
  readDataVersion(): number
  close(): Promise<void>
}

/** How long to wait for the lock of another process, in ms: a server answers 503, a command can wait. */
export const BUSY_TIMEOUT = { server: 1_000, cli: 5_000 }

/**
 * Opens the store of a data folder. The first run creates both: folder 0700, files 0600.
 *
 * @param busyTimeout How long to wait for a lock, in ms.
 * @param log Called with each query.
 * @throws `StoreUnavailableError` if it is locked or unreadable.
 */
export async function openStore(
  folder: string,
  busyTimeout: number,
  log?: (event: LogEvent) => void,
): Promise<Store> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const path = join(folder, 'tilepass.db')
  // SQLite gives its journal files the mode of the database file.
  await (await open(path, 'a', 0o600)).close()
  await chmod(path, 0o600)
  const database = await openSqlite(path, busyTimeout)
  const db = new Kysely<Tables>({
    dialect: new SqliteDialect({ database }),
    ...(log && { log }),
  })
  const dataVersion = database.prepare('PRAGMA data_version')
  let migrationBackup: string | undefined
  try {
    migrationBackup = await backUpBeforeMigration(database, folder)
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    db,
    kind: 'sqlite',
    sealing: createSealing(),
    migrationBackup,
    readDataVersion: () => {
      const row: unknown = dataVersion.all([])[0]
      const version: unknown = typeof row === 'object' && row ? Object.values(row)[0] : undefined
      if (typeof version !== 'number') throw new TypeError('PRAGMA data_version is not a number')
      return version
    },
    close: () => db.destroy(),
  }
}

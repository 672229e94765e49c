import { chmod, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, SqliteDialect } from 'kysely'
import { backUpBeforeMigration } from './migration-backup.ts'
import { migrate } from './migrations.ts'
import type { PostgresOptions } from './postgres.ts'
import type { Tables } from './schema.ts'
import { createSealing } from './sealing.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'

export type { Connection, DataVersion, SealedConnection, Store, StoreKind } from './store.ts'

/** Where a store is. */
export interface StoreLocation {
  /** The data folder, if there is no URL. */
  readonly data: string
  /** URL of a PostgreSQL database, with its password. */
  readonly databaseUrl?: string | undefined
  /** Most connections to it; default 10. */
  readonly poolSize?: number | undefined
}

/** How a store is opened. */
export interface OpenOptions
  extends Pick<PostgresOptions, 'log' | 'mustExist' | 'onConnectFailure'> {
  /** How long to wait for a lock, or for PostgreSQL, in ms. */
  readonly patience: number
}

/**
 * How long to wait for the lock of another process, or for PostgreSQL, in ms: a server answers 503, a
 * command can wait.
 */
export const PATIENCE = { server: 1_000, cli: 5_000 }
/** A request waits for a connection and then for an answer: together less than twice the patience. */
const POSTGRES_SHARE = 0.9
const POOL_SIZE = 10

/**
 * Opens a store: that of a data folder, or the database of a URL.
 *
 * @throws `StoreUnavailableError` if it is locked, unreadable or unreachable; `StoreMissingError`.
 */
export async function openStore(location: StoreLocation, options: OpenOptions): Promise<Store> {
  const { data, databaseUrl, poolSize = POOL_SIZE } = location
  if (databaseUrl === undefined) return openFolder(data, options)
  // Imported here, because most brokers have a data folder.
  const { openPostgres } = await import('./postgres.ts')
  const patience = POSTGRES_SHARE * options.patience
  return openPostgres(databaseUrl, { ...options, patience, poolSize })
}

/** The first run creates both: folder 0700, files 0600. */
async function openFolder(folder: string, { patience, log }: OpenOptions): Promise<Store> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const path = join(folder, 'tilepass.db')
  // SQLite gives its journal files the mode of the database file.
  await (await open(path, 'a', 0o600)).close()
  await chmod(path, 0o600)
  const database = await openSqlite(path, patience)
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
  const peekDataVersion = () => {
    const row: unknown = dataVersion.all([])[0]
    const version: unknown = typeof row === 'object' && row ? Object.values(row)[0] : undefined
    if (typeof version !== 'number') throw new TypeError('PRAGMA data_version is not a number')
    return { state: version, server: '' }
  }
  return {
    db,
    kind: 'sqlite',
    watching: { db },
    sealing: createSealing(),
    migrationBackup,
    knownFor: 0,
    peekDataVersion,
    readDataVersion: async () => peekDataVersion(),
    close: () => db.destroy(),
  }
}

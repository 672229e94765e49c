import { chmod, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, SqliteDialect } from 'kysely'
import { backUpBeforeMigration } from './migration-backup.ts'
import { migrate } from './migrations.ts'
import type { PostgresOptions } from './postgres.ts'
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

/** Which database a store is: a SQLite file in a data folder, or PostgreSQL. */
export type StoreKind = 'sqlite' | 'postgres'

/** An open store. Several processes may have it open. */
export interface Store extends SealedConnection {
  readonly kind: StoreKind
  /** The backup that was made because the schema was brought up to date; `undefined` if none was. */
  readonly migrationBackup: string | undefined
  /**
   * How long what is known may count for tiles while the database is away, in ms. 0 for a file: what
   * cannot be read from it will not be there in a moment either.
   */
  readonly knownFor: number
  /** Differs whenever another process has written to the store. */
  readDataVersion(): Promise<DataVersion>
  /** The same without waiting; absent where it takes a query. */
  readonly peekDataVersion?: () => DataVersion
  close(): Promise<void>
}

/** The state of the data of a store: equal states are the same data. */
export type DataVersion = string | number

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
 * command can wait. A request of a server waits for a connection and then for an answer: within 2 s.
 */
export const PATIENCE = { server: 900, cli: 5_000 }
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
  return openPostgres(databaseUrl, { ...options, poolSize })
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
    return version
  }
  return {
    db,
    kind: 'sqlite',
    sealing: createSealing(),
    migrationBackup,
    knownFor: 0,
    peekDataVersion,
    readDataVersion: async () => peekDataVersion(),
    close: () => db.destroy(),
  }
}

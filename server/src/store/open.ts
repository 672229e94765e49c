import { chmod, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, SqliteDialect } from 'kysely'
import { migrate } from './migrations.ts'
import type { Tables } from './schema.ts'
import { openSqlite } from './sqlite.ts'

/** An open store. Several processes may have one data folder open at once. */
export interface Store {
  readonly db: Kysely<Tables>
  /** A number that changes whenever another process has written to the store, or `noteWrite` ran. */
  readDataVersion(): number
  /** Makes this process notice a write of its own, too. */
  noteWrite(): void
  /** Ids that this process has revoked: its own writes do not change the data version. */
  readonly revokedHere: Set<string>
  /** Epochs (epoch ms, by id) that this process has raised, likewise. */
  readonly epochsHere: Map<string, number>
  close(): Promise<void>
}

/** How long to wait for another process's lock, in ms: a server answers 503, a person can wait. */
export const BUSY_TIMEOUT = { server: 1_000, cli: 5_000 }

/**
 * Opens the store of a data folder, creating both on the first run: folder 0700, files 0600.
 *
 * @throws `StoreUnavailableError` if it is locked or unreadable.
 */
export async function openStore(folder: string, busyTimeout: number): Promise<Store> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const path = join(folder, 'tilepass.db')
  // SQLite gives its journal files the mode of the database file.
  await (await open(path, 'a', 0o600)).close()
  await chmod(path, 0o600)
  const database = await openSqlite(path, busyTimeout)
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
  const dataVersion = database.prepare('PRAGMA data_version')
  let ownWrites = 0
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    db,
    readDataVersion: () => {
      const row: unknown = dataVersion.all([])[0]
      const version: unknown = typeof row === 'object' && row ? Object.values(row)[0] : undefined
      if (typeof version !== 'number') throw new TypeError('PRAGMA data_version is not a number')
      // Both only ever grow, so their sum shows a change of either.
      return version + ownWrites
    },
    noteWrite: () => {
      ownWrites++
    },
    revokedHere: new Set(),
    epochsHere: new Map(),
    close: () => db.destroy(),
  }
}

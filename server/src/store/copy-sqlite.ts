import { open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openSqlite, type SqliteDatabase } from './sqlite.ts'

/**
 * Copies a SQLite database into a new file of mode 0600 while other processes read and write it. The copy
 * is one file without free pages, checked, and on disk when this resolves.
 *
 * @throws an error with `code` `EEXIST` if the file exists. A copy that fails is removed.
 */
export async function copySqlite(
  database: Pick<SqliteDatabase, 'prepare'>,
  file: string,
): Promise<void> {
  await (await open(file, 'wx', 0o600)).close()
  try {
    // Into an empty file, which keeps its mode.
    database.prepare('vacuum into ?').run([file])
    await assertSound(file)
    await syncToDisk(file)
    await syncToDisk(dirname(file))
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}

/**
 * Backs up a database file into a new file; see {@link copySqlite}. Its schema stays as it is.
 *
 * @param busyTimeout How long to wait for a lock, in ms.
 */
export async function backUpSqlite(
  path: string,
  file: string,
  busyTimeout: number,
): Promise<{ readonly bytes: number }> {
  const database = await openSqlite(path, busyTimeout)
  try {
    await copySqlite(database, file)
    return { bytes: (await stat(file)).size }
  } finally {
    database.close()
  }
}

/** @throws if a database file is damaged. @see https://sqlite.org/pragma.html#pragma_integrity_check */
export async function assertSound(file: string): Promise<void> {
  const database = await openSqlite(file, 0, { isCopy: true })
  try {
    const rows = database.prepare('pragma integrity_check').all([])
    const results = rows.flatMap((row) => Object.values(Object(row)))
    if (results.length !== 1 || results[0] !== 'ok')
      throw new Error(`The database file is damaged: ${String(results[0])}`)
  } finally {
    database.close()
  }
}

/** Resolves when a file, or the names in a folder, are on disk. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assertSound, syncToDisk } from './copy-sqlite.ts'
import { isDamage, StoreUnavailableError } from './errors.ts'
import { findSchemaVersion } from './migration-backup.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { openSqlite, type SqliteDatabase } from './sqlite.ts'

/** Why a backup is not restored; nothing has changed. */
export type RestoreFault = 'missing' | 'not a backup' | 'has a journal' | 'newer' | 'in use'

/** A restore that was refused. */
export class RestoreError extends Error {
  readonly fault: RestoreFault

  constructor(fault: RestoreFault, options?: ErrorOptions) {
    super(`The backup was not restored: ${fault}`, options)
    this.name = 'RestoreError'
    this.fault = fault
  }
}

/** What a restore did. */
export interface Restored {
  /** Path of the database that was replaced; `undefined` if there was none. */
  readonly replaced: string | undefined
  /** Number of the schema of the backup. */
  readonly version: number
}

/**
 * Puts a backup in the place of the database of a data folder, byte for byte. The database so far stays in
 * the folder under another name. The backup is copied and checked first, so that a bad one changes nothing.
 *
 * @param now Epoch ms.
 * @throws {@link RestoreError}, also while a process uses the folder; system errors such as `ENOSPC`.
 */
export async function restoreSqlite(
  backup: string,
  folder: string,
  now: number,
): Promise<Restored> {
  if (!existsSync(backup)) throw new RestoreError('missing')
  // What is in the journal would be lost. Backups have none.
  if (existsSync(`${backup}-wal`)) throw new RestoreError('has a journal')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const path = join(folder, 'tilepass.db')
  const incoming = join(folder, 'tilepass-incoming.db')
  try {
    await rm(incoming, { force: true })
    await copyFile(backup, incoming)
    await chmod(incoming, 0o600)
    const version = await readVersion(incoming)
    if (version > SCHEMA_VERSION) throw new RestoreError('newer')
    await syncToDisk(incoming)
    const replaced = existsSync(path) ? await setAside(path, folder, now) : undefined
    await rename(incoming, path)
    await syncToDisk(folder)
    return { replaced, version }
  } finally {
    await rm(incoming, { force: true })
  }
}

async function readVersion(file: string): Promise<number> {
  try {
    await assertSound(file)
    const database = await openSqlite(file, 0, { isCopy: true })
    try {
      const version = findSchemaVersion(database)
      if (version !== undefined) return version
    } finally {
      database.close()
    }
  } catch (error) {
    throw new RestoreError('not a backup', { cause: error })
  }
  throw new RestoreError('not a backup')
}

/** Renames the database so far. Leaving WAL mode puts all of it in one file, and needs that nobody uses it. */
async function setAside(path: string, folder: string, now: number): Promise<string> {
  const aside = findFreeName(folder, now)
  let database: SqliteDatabase | undefined
  try {
    database = await openSqlite(path, 0, { isCopy: true })
    database.exec('pragma journal_mode = delete')
    // Held until the names have changed: a server that starts now waits, and then does not start.
    database.exec('pragma locking_mode = exclusive')
    database.exec('begin exclusive')
    await rename(path, aside)
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw new RestoreError('in use', { cause: error })
    if (!isDamage(error)) throw error
    // No server can work with it. Its journal must not be taken for that of the backup.
    for (const suffix of ['', '-wal', '-shm', '-journal'])
      if (existsSync(path + suffix)) await rename(path + suffix, aside + suffix)
  } finally {
    database?.close()
  }
  return aside
}

function findFreeName(folder: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:.]/g, '')
  const toPath = (count: number) =>
    join(folder, `tilepass-replaced-${stamp}${count === 0 ? '' : `-${count}`}.db`)
  let count = 0
  while (existsSync(toPath(count))) count++
  return toPath(count)
}

import { existsSync } from 'node:fs'
import { chmod, chown, copyFile, link, mkdir, rename, rm, stat } from 'node:fs/promises'
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
 * Puts a backup in the place of the database of a data folder, byte for byte, with the owner and the mode of
 * that one. The database so far stays in the folder under another name. The backup is copied and checked
 * first, so that a bad one changes nothing.
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
    await keepOwner(incoming, path, folder)
    const version = await readVersion(incoming)
    if (version > SCHEMA_VERSION) throw new RestoreError('newer')
    await syncToDisk(incoming)
    const replaced = existsSync(path) ? findFreeName(folder, now) : undefined
    if (replaced === undefined) await rename(incoming, path)
    else await replace(path, incoming, replaced)
    await syncToDisk(folder)
    return { replaced, version }
  } finally {
    await rm(incoming, { force: true })
  }
}

/** A restore by root must not leave a file that the user of the server cannot open. */
async function keepOwner(incoming: string, path: string, folder: string): Promise<void> {
  const isThere = existsSync(path)
  const { uid, gid, mode } = await stat(isThere ? path : folder)
  if (process.getuid?.() === 0) await chown(incoming, uid, gid)
  await chmod(incoming, isThere ? mode & 0o777 : 0o600)
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

/**
 * Replaces the database so far, and keeps it aside. Leaving WAL mode puts all of it in one file, and needs
 * that nobody uses it.
 */
async function replace(path: string, incoming: string, aside: string): Promise<void> {
  let database: SqliteDatabase | undefined
  try {
    database = await openSqlite(path, 0, { isCopy: true })
    database.exec('pragma journal_mode = delete')
    // Held until the names have changed: a server that starts now waits, and then does not start.
    database.exec('pragma locking_mode = exclusive')
    database.exec('begin exclusive')
    await exchange(path, incoming, aside)
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw new RestoreError('in use', { cause: error })
    if (!isDamage(error)) throw error
    // No server can work with it. Its journal must not be taken for that of the backup.
    for (const suffix of ['-wal', '-shm', '-journal'])
      if (existsSync(path + suffix)) await rename(path + suffix, aside + suffix)
    await exchange(path, incoming, aside)
  } finally {
    database?.close()
  }
}

/** With a second name of the old file, one rename is enough: there is a database at every moment. */
async function exchange(path: string, incoming: string, aside: string): Promise<void> {
  // Some file systems have no hard links.
  await link(path, aside).catch(() => rename(path, aside))
  await rename(incoming, path)
}

function findFreeName(folder: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:.]/g, '')
  const toPath = (count: number) =>
    join(folder, `tilepass-replaced-${stamp}${count === 0 ? '' : `-${count}`}.db`)
  let count = 0
  while (existsSync(toPath(count))) count++
  return toPath(count)
}

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { copySqlite } from './copy-sqlite.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import type { SqliteDatabase } from './sqlite.ts'

/** How many backups of earlier schemas are kept. */
const KEPT = 3
/** As in `tilepass-schema-6-20260131T120000000Z.db`. */
const NAME = /^tilepass-schema-\d+-(\d{8}T\d{9}Z)\.db$/

/**
 * Copies the database of a data folder into the folder before its schema is brought up to date, so that an
 * upgrade can be undone. The last three such copies are kept.
 *
 * @returns Path of the copy; `undefined` if the schema is up to date, or there is nothing to keep yet.
 * @throws if the disk is full: then the schema stays as it is.
 */
export async function backUpBeforeMigration(
  database: SqliteDatabase,
  folder: string,
): Promise<string | undefined> {
  const version = findSchemaVersion(database)
  if (version === undefined || version >= SCHEMA_VERSION) return
  const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '')
  const file = join(folder, `tilepass-schema-${version}-${stamp}.db`)
  await copySqlite(database, file)
  const old = (await listMigrationBackups(folder)).slice(KEPT)
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })))
  return file
}

/** Names of the copies in a data folder, the newest first. */
export async function listMigrationBackups(folder: string): Promise<readonly string[]> {
  const toStamp = (name: string) => NAME.exec(name)?.[1] ?? ''
  const names = (await readdir(folder)).filter((name) => NAME.test(name))
  return names.sort((a, b) => (toStamp(a) < toStamp(b) ? 1 : -1))
}

/** Number of the schema; `undefined` in a new database, and in one that is not of Tilepass. */
export function findSchemaVersion(database: SqliteDatabase): number | undefined {
  const tables = `select name from sqlite_master where type = 'table' and name = 'schema_version'`
  if (database.prepare(tables).all([]).length === 0) return
  const rows = database.prepare('select max(version) as version from schema_version').all([])
  const version: unknown = Reflect.get(Object(rows[0]), 'version')
  return typeof version === 'number' ? version : undefined
}

import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeDataFolder } from './broker-under-test.ts'

const FIXTURE = new URL('../fixtures/data-31e396e/', import.meta.url)

/** What an earlier version gave out; the README beside it says more. */
export interface OldTokens {
  /** When they were made; epoch ms. */
  readonly madeAt: number
  /** Id of a dataset. */
  readonly dataset: string
  readonly good: string
  readonly restricted: string
  readonly readOnly: string
  readonly revoked: string
  readonly closed: string
  readonly sk: string
  readonly revokedSk: string
  readonly tk: string
  readonly refresh: string
  readonly endedRefresh: string
}

/** Makes a data folder as an earlier version left it; it is gone after the test. */
export async function makeOldData(): Promise<{ data: string; tokens: OldTokens }> {
  const data = makeDataFolder()
  const database = await openSqlite(join(data, 'tilepass.db'), 1_000)
  database.exec(readFileSync(new URL('tilepass.sql', FIXTURE), 'utf8'))
  database.close()
  return { data, tokens: JSON.parse(readFileSync(new URL('tokens.json', FIXTURE), 'utf8')) }
}

/**
 * Everything that is in a database file: its schema, and the rows of every table. It reads a copy, because a
 * database that was closed may keep its lock until this process ends.
 */
export async function dumpDatabase(file: string): Promise<object> {
  const copy = join(makeDataFolder(), 'copy.db')
  for (const suffix of ['', '-wal'])
    if (existsSync(file + suffix)) cpSync(file + suffix, copy + suffix)
  const database = await openSqlite(copy, 1_000, { isCopy: true })
  try {
    const schema = database
      .prepare('select type, name, sql from sqlite_master order by name')
      .all([])
    const tables = schema.flatMap((row) => {
      const { type, name }: { type?: unknown; name?: unknown } = Object(row)
      return type === 'table' ? [String(name)] : []
    })
    const rows = tables.map((name) => [name, database.prepare(`select * from "${name}"`).all([])])
    // Rows of the driver have no prototype.
    return JSON.parse(JSON.stringify({ schema, rows }))
  } finally {
    database.close()
  }
}

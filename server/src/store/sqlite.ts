import { StoreUnavailableError } from './errors.ts'

/** The part of a prepared statement that Kysely's SQLite dialect asks for. */
interface Statement {
  readonly reader: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): {
    changes: number | bigint
    lastInsertRowid: number | bigint
  }
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>
}

/** An open database as Kysely's SQLite dialect asks for it. */
export interface SqliteDatabase {
  prepare(sql: string): Statement
  close(): void
}

type Value = null | number | bigint | string | Uint8Array

interface NativeStatement {
  columns(): unknown[]
  all(...parameters: Value[]): unknown[]
  run(...parameters: Value[]): {
    changes: number | bigint
    lastInsertRowid: number | bigint
  }
  iterate(...parameters: Value[]): IterableIterator<unknown>
}

interface NativeDatabase {
  prepare(sql: string): NativeStatement
  exec(sql: string): void
  close(): void
}

/** ms to wait for a lock that was waited for in vain before, until it is free again. */
const STUCK_TIMEOUT = 10

/**
 * Opens a database file with Node's own SQLite, or its double where Node has none.
 *
 * Every commit is synced to disk before it returns: an acknowledged revocation survives a power cut.
 *
 * @param busyTimeout ms to wait for another process's lock; the event loop waits too, so a lock that
 *   stays is waited for once and not by every request.
 */
export async function openSqlite(path: string, busyTimeout: number): Promise<SqliteDatabase> {
  const database = await openNative(path)
  let isStuck = false
  const setStuck = (stuck: boolean) => {
    if (stuck === isStuck) return
    isStuck = stuck
    const timeout = stuck ? Math.min(STUCK_TIMEOUT, busyTimeout) : busyTimeout
    database.exec(`PRAGMA busy_timeout = ${Math.trunc(timeout)}`)
  }
  const guardWait = <T>(call: () => T): T => {
    try {
      return guardCall(call)
    } catch (error) {
      if (error instanceof StoreUnavailableError && readResultCode(error.cause) === BUSY)
        setStuck(true)
      throw error
    }
  }
  guardCall(() => {
    database.exec(`PRAGMA busy_timeout = ${Math.trunc(busyTimeout)}`)
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA foreign_keys = ON')
  })
  return {
    prepare: (sql) => {
      // A transaction that starts with a read cannot wait for a lock when it comes to write.
      const statement = guardCall(() => database.prepare(sql === 'begin' ? 'begin immediate' : sql))
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => guardWait(() => statement.all(...parameters.map(toValue))),
        run: (parameters) => {
          const result = guardWait(() => statement.run(...parameters.map(toValue)))
          // Reading needs no lock; whoever has written had it.
          setStuck(false)
          return result
        },
        iterate: (parameters) => statement.iterate(...parameters.map(toValue)),
      }
    },
    close: () => database.close(),
  }
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => NativeDatabase
}

async function openNative(path: string): Promise<NativeDatabase> {
  const builtIn: unknown = process.getBuiltinModule?.('node:sqlite')
  const { DatabaseSync } = isSqliteModule(builtIn)
    ? builtIn
    : await import('@photostructure/sqlite')
  return guardCall(() => new DatabaseSync(path))
}

// Node 22 before 22.16 has the module, but statements cannot say whether they return rows.
function isSqliteModule(value: unknown): value is SqliteModule {
  if (typeof value !== 'object' || value === null || !('DatabaseSync' in value)) return false
  const statement: unknown = Reflect.get(value, 'StatementSync')
  return typeof statement === 'function' && 'columns' in statement.prototype
}

function toValue(parameter: unknown): Value {
  switch (typeof parameter) {
    case 'string':
      // The double of Node's SQLite cuts a text off at NUL, and would find what has the rest as its
      // name. Bytes equal no text.
      return parameter.includes('\0') ? Buffer.from(parameter) : parameter
    case 'number':
    case 'bigint':
      return parameter
    case 'boolean':
      return parameter ? 1 : 0
    default:
      if (parameter === null || parameter instanceof Uint8Array) return parameter
      throw new TypeError(`SQLite cannot store a ${typeof parameter}`)
  }
}

/** Another process has the lock. */
const BUSY = 5
/** Primary result codes that mean "not now" rather than "wrong". @see https://sqlite.org/rescode.html */
const OUTAGES = new Set([BUSY, 6, 8, 10, 13, 14])

function guardCall<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    const code = readResultCode(error)
    if (code !== undefined && OUTAGES.has(code)) throw new StoreUnavailableError({ cause: error })
    throw error
  }
}

function readResultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return
  for (const name of ['errcode', 'sqliteCode', 'sqliteExtendedCode']) {
    const code: unknown = Reflect.get(error, name)
    // The low byte of an extended code is its primary one.
    if (typeof code === 'number') return code & 0xff
  }
  return
}

import { StoreUnavailableError } from './errors.ts'

/** The part of a prepared statement that Kysely's SQLite dialect uses. */
interface Statement {
  readonly reader: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): {
    changes: number | bigint
    lastInsertRowid: number | bigint
  }
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>
}

/** An open database in the form that Kysely's SQLite dialect uses. */
export interface SqliteDatabase {
  prepare(sql: string): Statement
  /** Runs statements that give no rows, and keeps none of them prepared. */
  exec(sql: string): void
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

/** How many statements stay prepared. Lists of different lengths make different ones. */
const MOST_PREPARED = 100
/** How long to wait for a lock after an earlier wait for it has failed, in ms. */
const STUCK_TIMEOUT = 10

/**
 * Opens a database file with the SQLite of Node, or with a package of the same API where Node has none.
 *
 * Every commit is synced to disk before it returns, so that an acknowledged revocation survives a power
 * cut.
 *
 * @param busyTimeout How long to wait for the lock of another process, in ms. The wait blocks the event
 *   loop, so only the first request waits for a lock that stays.
 * @param options.isCopy Leave the journal mode in the file as it is. Default `false`: the file is set to WAL.
 */
export async function openSqlite(
  path: string,
  busyTimeout: number,
  { isCopy = false }: { readonly isCopy?: boolean } = {},
): Promise<SqliteDatabase> {
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
    if (!isCopy) database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA foreign_keys = ON')
  })
  const prepare = (sql: string): Statement => {
    // A transaction that begins with a read cannot wait for the lock when it writes later.
    const statement = guardCall(() => database.prepare(sql === 'begin' ? 'begin immediate' : sql))
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => guardWait(() => statement.all(...parameters.map(toValue))),
      run: (parameters) => {
        const write = () => statement.run(...parameters.map(toValue))
        const result = guardWait(() => (sql === 'rollback' ? rollBack(write) : write()))
        // A statement that has written had the lock; one that reads does not need it.
        setStuck(false)
        return result
      },
      iterate: (parameters) => statement.iterate(...parameters.map(toValue)),
    }
  }
  return {
    prepare: rememberRecent(prepare, MOST_PREPARED),
    exec: (sql) => guardWait(() => database.exec(sql)),
    close: () => database.close(),
  }
}

/** Remembers what a function made of its latest arguments: a statement takes longer to prepare than to run. */
function rememberRecent<T>(make: (key: string) => T, most: number): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    // A map lists what was added last at its end.
    made.delete(key)
    made.set(key, value)
    const [oldest] = made.keys()
    if (made.size > most && oldest !== undefined) made.delete(oldest)
    return value
  }
}

type Result = ReturnType<Statement['run']>

/**
 * Rolls back. After some failures, such as a full disk, SQLite has done so by itself; an error about that
 * would hide the failure.
 *
 * @see https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
 */
function rollBack(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    if (error instanceof Error && error.message.includes('no transaction is active'))
      return { changes: 0, lastInsertRowid: 0 }
    throw error
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

// In Node 22 before 22.16 statements cannot tell whether they return rows.
function isSqliteModule(value: unknown): value is SqliteModule {
  if (typeof value !== 'object' || value === null || !('DatabaseSync' in value)) return false
  const statement: unknown = Reflect.get(value, 'StatementSync')
  return typeof statement === 'function' && 'columns' in statement.prototype
}

function toValue(parameter: unknown): Value {
  switch (typeof parameter) {
    case 'string':
      // The package cuts a text off at NUL, so a query would find the row with the shorter name. Bytes
      // equal no text.
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

/** Result code: another process has the lock. */
const BUSY = 5
/** Primary result codes of outages that may pass. @see https://sqlite.org/rescode.html */
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
    // The low byte of an extended code is the primary code.
    if (typeof code === 'number') return code & 0xff
  }
  return
}

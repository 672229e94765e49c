import { CompiledQuery, Kysely, type LogEvent, PostgresDialect } from 'kysely'
import type { ClientConfig } from 'pg'
import { StoreUnavailableError } from './errors.ts'
import { migrate } from './migrations.ts'
import { adaptPool } from './postgres-pool.ts'
import { readDatabaseUrl } from './postgres-url.ts'
import type { Tables } from './schema.ts'
import { createSealing } from './sealing.ts'
import { shareNext } from './share-next.ts'
import type { Store } from './store.ts'

/** How a PostgreSQL database is opened. */
export interface PostgresOptions {
  /** How long to wait for a connection, and how long for an answer, in ms. */
  readonly patience: number
  /** Most connections at the same time. */
  readonly poolSize: number
  /** Must the schema exist already? Default `false`: it is created. */
  readonly mustExist?: boolean | undefined
  /** Called with each query. */
  readonly log?: ((event: LogEvent) => void) | undefined
  /** Called when there is no connection to be had, with how long that took in ms. */
  readonly onConnectFailure?: ((milliseconds: number) => void) | undefined
}

/** For how long tiles are served by what is known once the database is away, in ms; then they are refused. */
const KNOWN_FOR = 10_000
/** How long one waits for a connection while all are busy, as a share of the patience: a 503 comes within 2 s. */
const QUEUE_SHARE = 1.6
/** How long a statement waits for the lock of another transaction, in ms; the transaction is then run again. */
const LOCK_TIMEOUT = 400

/**
 * The snapshot changes with the end of every transaction that writes, and two that are equal see the same
 * rows; on one server, that is.
 */
const READ_VERSION = `select pg_current_snapshot()::text as snapshot,
  pg_postmaster_start_time()::text as server,
  pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as only_reads`

interface VersionRow {
  readonly snapshot: string
  readonly server: string
  readonly only_reads: boolean
}

const INT8 = 20
const NUMERIC = 1700

/**
 * Opens a PostgreSQL database. Any number of processes may have it open.
 *
 * A commit is on the disk of the database when it returns, unless its administrator has switched
 * `synchronous_commit` off.
 *
 * @param url As libpq and `pg` read it, with the parameters of TLS. It is in no error.
 * @throws `StoreUnavailableError` if it cannot be reached.
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<Store> {
  const { patience, poolSize, mustExist = false, log, onConnectFailure = () => undefined } = options
  const { default: pg } = await import('pg')
  const types = {
    // Times and counts are whole numbers that a double holds exactly.
    getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
      oid === INT8 || oid === NUMERIC
        ? Number
        : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
  }
  const shared: ClientConfig = {
    application_name: 'tilepass',
    keepAlive: true,
    ...readDatabaseUrl(url),
    types,
  }
  const createPool = (max: number, limits: ClientConfig) => {
    const pool = new pg.Pool({ ...shared, ...limits, max, connectionTimeoutMillis: patience })
    // The loss of an idle connection is no fault of any query; the next one gets another connection.
    pool.on('error', () => undefined)
    pool.on('connect', (client) => void client.on('error', () => undefined))
    return adaptPool(pool, QUEUE_SHARE * patience, onConnectFailure)
  }
  const open = (pool: ReturnType<typeof createPool>) =>
    new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), ...(log && { log }) })

  const limits = {
    query_timeout: patience,
    // A little sooner, so that a database that answers is not taken for one that hangs.
    statement_timeout: Math.ceil(0.9 * patience),
    lock_timeout: Math.min(LOCK_TIMEOUT, patience),
    // A process that was stopped must not keep its locks.
    idle_in_transaction_session_timeout: 4 * patience,
  }
  const pool = createPool(Math.max(1, poolSize - 1), limits)
  // Of its own, so that revocations are noticed while requests take all others.
  const watchPool = createPool(1, limits)
  const [db, watchDb] = [open(pool), open(watchPool)]
  const close = async () => {
    await Promise.all([db.destroy(), watchDb.destroy()])
  }
  try {
    // A step of the schema takes its time, and so does waiting for that of another process.
    await migrate(db, {
      dialect: 'postgres',
      mustExist,
      openPatient: () => open(createPool(1, {})),
    })
  } catch (error) {
    await close()
    throw error
  }
  // Several views ask for it, and it has one connection.
  const readDataVersion = shareNext(async () => {
    const { rows } = await watchDb.executeQuery<VersionRow>(CompiledQuery.raw(READ_VERSION))
    const [row] = rows
    if (!row) throw new TypeError('the database has no version')
    if (!row.only_reads) return { state: row.snapshot, server: row.server }
    // A failover has left us with the server of before. It answers, but learns nothing any more.
    pool.replaceConnections()
    watchPool.replaceConnections()
    throw new StoreUnavailableError({ cause: new Error('The database only reads') })
  })
  return {
    db,
    kind: 'postgres',
    watching: { db: watchDb },
    sealing: createSealing(),
    migrationBackup: undefined,
    knownFor: KNOWN_FOR,
    readDataVersion,
    close,
  }
}

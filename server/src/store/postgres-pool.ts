import { randomBytes } from 'node:crypto'
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { StoreBusyError, StoreUnavailableError } from './errors.ts'
import { endsConnection, findSqlState, READ_ONLY, toStoreError } from './postgres-errors.ts'
import { createSlots } from './slots.ts'

/** Equals no text of the database, and nobody can guess it. */
const NO_TEXT = `no text ${randomBytes(16).toString('hex')}`
const NOTHING: QueryResult = { command: 'ROLLBACK', rowCount: 0, rows: [], fields: [], oid: 0 }

/** A pool that can leave a server behind. */
export interface AdaptedPool extends PostgresPool {
  /** Uses no connection again that there is now. */
  replaceConnections(): void
}

/**
 * A pool in the form that Kysely's PostgreSQL dialect uses. Failures become errors of the store, and a
 * connection that has failed or did not answer in time is never used again.
 *
 * While the database answers, a burst of requests waits for its turn. The first connection that fails ends
 * the wait of all: together they would wait longer for a database that is away than a client may.
 *
 * @param queuePatience How long one waits for a connection while all are busy, in ms.
 * @param onConnectFailure Called when there is no connection to be had, with how long that took in ms.
 */
export function adaptPool(
  pool: Pool,
  queuePatience: number,
  onConnectFailure: (milliseconds: number) => void,
): AdaptedPool {
  const slots = createSlots(
    pool.options.max ?? 1,
    queuePatience,
    () => new StoreBusyError({ cause: new Error('All connections are busy') }),
  )
  /** How often the database was found to have changed into a read-only one, by a failover as a rule. */
  let failovers = 0
  const madeAfter = new WeakMap<PoolClient, number>()

  const take = async (): Promise<PoolClient> => {
    const client = await pool.connect()
    const made = madeAfter.get(client) ?? failovers
    madeAfter.set(client, made)
    if (made === failovers) return client
    // It leads to the database of before.
    client.release(true)
    return take()
  }
  const noteFailure = (error: Error) => {
    if (findSqlState(error) === READ_ONLY) failovers++
    else slots.fail(toStoreError(error))
  }

  return {
    replaceConnections: () => {
      failovers++
    },
    connect: async () => {
      const startedAt = performance.now()
      try {
        await slots.enter()
        const client = await take().catch((error: unknown) => {
          slots.leave()
          const failure = toStoreError(error)
          slots.fail(failure)
          throw failure
        })
        return adaptClient(client, noteFailure, slots.leave)
      } catch (error) {
        onConnectFailure(performance.now() - startedAt)
        throw error
      }
    },
    end: () => pool.end(),
  }
}

function adaptClient(
  client: PoolClient,
  noteFailure: (error: Error) => void,
  onRelease: () => void,
): PostgresPoolClient {
  let fatal: Error | undefined
  const run = async (sql: string, parameters: readonly unknown[]): Promise<QueryResult> => {
    // The end of the connection has undone the transaction.
    if (fatal && sql === 'rollback') return NOTHING
    if (fatal) throw new StoreUnavailableError({ cause: fatal })
    try {
      const isInsert = sql.startsWith('insert')
      const values = parameters.map((value) => toValue(value, isInsert))
      return await client.query(sql, values)
    } catch (error) {
      if (error instanceof Error && endsConnection(error)) {
        fatal = error
        noteFailure(error)
      }
      throw toStoreError(error)
    }
  }
  function query<R>(sql: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query(sql: unknown, values: readonly unknown[] = []): unknown {
    if (typeof sql !== 'string') throw new TypeError('Queries are read whole, without a cursor')
    return run(sql, values)
  }
  return {
    query,
    release: () => {
      client.release(fatal)
      onRelease()
    },
  }
}

/** No text of PostgreSQL contains NUL: a query finds nothing with it, and what is written shows where it was. */
function toValue(value: unknown, isInsert: boolean): unknown {
  if (typeof value !== 'string' || !value.includes('\0')) return value
  return isInsert ? value.replaceAll('\0', '\uFFFD') : NO_TEXT
}

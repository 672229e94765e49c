import { randomBytes } from 'node:crypto'
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { StoreUnavailableError } from './errors.ts'
import { endsConnection, findSqlState, READ_ONLY, toStoreError } from './postgres-errors.ts'

/** Equals no text of the database, and nobody can guess it. */
const NO_TEXT = `no text ${randomBytes(16).toString('hex')}`
const NOTHING: QueryResult = { command: 'ROLLBACK', rowCount: 0, rows: [], fields: [], oid: 0 }

/**
 * A pool in the form that Kysely's PostgreSQL dialect uses. Failures become errors of the store, and a
 * connection that has failed or did not answer in time is never used again.
 *
 * @param onConnectFailure Called when there is no connection to be had, with how long that took in ms.
 */
export function adaptPool(
  pool: Pool,
  onConnectFailure: (milliseconds: number) => void,
): PostgresPool {
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
  const noteFailure = (error: unknown) => {
    if (findSqlState(error) === READ_ONLY) failovers++
  }
  return {
    connect: async () => {
      const startedAt = performance.now()
      try {
        return adaptClient(await take(), noteFailure)
      } catch (error) {
        onConnectFailure(performance.now() - startedAt)
        throw toStoreError(error)
      }
    },
    end: () => pool.end(),
  }
}

function adaptClient(
  client: PoolClient,
  noteFailure: (error: unknown) => void,
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
      noteFailure(error)
      if (error instanceof Error && endsConnection(error)) fatal = error
      throw toStoreError(error)
    }
  }
  function query<R>(sql: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query(sql: unknown, values: readonly unknown[] = []): unknown {
    if (typeof sql !== 'string') throw new TypeError('Queries are read whole, without a cursor')
    return run(sql, values)
  }
  return { query, release: () => client.release(fatal) }
}

/** No text of PostgreSQL contains NUL: a query finds nothing with it, and what is written shows where it was. */
function toValue(value: unknown, isInsert: boolean): unknown {
  if (typeof value !== 'string' || !value.includes('\0')) return value
  return isInsert ? value.replaceAll('\0', '\uFFFD') : NO_TEXT
}

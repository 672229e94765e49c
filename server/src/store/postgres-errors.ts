import { StoreConflictError, StoreUnavailableError } from './errors.ts'

/**
 * SQLSTATEs of transactions that can be run again: a failed serialization, a deadlock, and a lock that was
 * not free in time, which two transactions that wait for each other meet first.
 */
const CONFLICTS = new Set(['40001', '40P01', '55P03'])
/** A change was sent to a database that only reads: a standby, or one whose disk is full. */
export const READ_ONLY = '25006'
/**
 * SQLSTATEs of outages that may pass, or their beginnings: connections, credentials, databases that do not
 * exist, read-only transactions, resources, operator intervention (also a statement that takes too long)
 * and system errors.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OUTAGES = ['08', '28', '3D000', READ_ONLY, '53', '57', '58']

/** Fields of an answer of the database that quote data. */
const QUOTING = ['detail', 'where', 'internalQuery']

/**
 * Turns what the driver throws into errors of the store. What the database says about a query is left as
 * it is; everything else is about the connection.
 */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || isMisuse(error)) return error
  // The database quotes the row that it refuses, with its secrets, and errors are logged.
  for (const field of QUOTING) Reflect.deleteProperty(error, field)
  const state = findSqlState(error)
  if (state === undefined) return new StoreUnavailableError({ cause: error })
  if (CONFLICTS.has(state)) return new StoreConflictError({ cause: error })
  const isOutage = OUTAGES.some((start) => state.startsWith(start))
  return isOutage ? new StoreUnavailableError({ cause: error }) : error
}

/** Has a connection ended with this error, or can it not be used any more? */
export function endsConnection(error: unknown): boolean {
  const state = findSqlState(error)
  // Without a state it is no answer of the database. 57P.. ends sessions, a read-only one is elsewhere now.
  return state === undefined || /^(?:08|57P|25006)/.test(state)
}

/** The SQLSTATE of an answer of the database; errors of sockets have codes of another form. */
export function findSqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('severity' in error)) return
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

function isMisuse(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError
}

import type { LogEvent } from 'kysely'
import type { Meter, QueryOperation } from '../observe/meter.ts'
import { StoreUnavailableError } from './errors.ts'

const OPERATIONS: Readonly<Record<string, QueryOperation>> = {
  SelectQueryNode: 'select',
  InsertQueryNode: 'insert',
  UpdateQueryNode: 'update',
  DeleteQueryNode: 'delete',
}

/** Creates the query log of Kysely that measures each query. It keeps no SQL and no parameter. */
export function createQueryLog(meter: Meter): (event: LogEvent) => void {
  return (event) => {
    const { query, queryDurationMillis } = event
    const isFailed = event.level === 'error'
    const isUnavailable = isFailed && event.error instanceof StoreUnavailableError
    const outcome = isUnavailable ? 'unavailable' : isFailed ? 'failed' : 'ok'
    const isTransaction = /^(?:begin|commit|rollback)\b/i.test(query.sql)
    const operation = isTransaction ? 'transaction' : (OPERATIONS[query.query.kind] ?? 'other')
    meter.timeQuery(operation, outcome, queryDurationMillis / 1000)
  }
}

/** Creates what counts the connections that could not be had: no query says so. */
export function createConnectLog(meter: Meter): (milliseconds: number) => void {
  return (milliseconds) => meter.timeQuery('connect', 'unavailable', milliseconds / 1000)
}

import type { StoreUnavailableError } from '../store/errors.ts'

/** Says why a store is unavailable. What the driver of PostgreSQL says has no password in it. */
export function describeDatabaseFailure({ cause }: StoreUnavailableError): string {
  const [first]: unknown[] = cause instanceof AggregateError ? cause.errors : [cause]
  return first instanceof Error && first.message !== '' ? first.message : 'no answer'
}

/** Is it PostgreSQL that is unavailable? The errors of SQLite have a number as their code. */
export function isDatabaseFailure({ cause }: StoreUnavailableError): boolean {
  return !['errcode', 'sqliteCode', 'sqliteExtendedCode'].some(
    (name) => typeof cause === 'object' && cause !== null && name in cause,
  )
}

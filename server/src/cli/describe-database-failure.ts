import type { StoreUnavailableError } from '../store/errors.ts'

/** Says why a store is unavailable. What the driver of PostgreSQL says has no password in it. */
export function describeDatabaseFailure(error: StoreUnavailableError): string {
  const { message = '' } = findCause(error) ?? {}
  if (NO_PASSWORD.test(message))
    return 'it asks for a password, and there is none in the URL or in PGPASSWORD'
  return message === '' ? 'no answer' : message
}

/** What to do about it. */
export function describeDatabaseRemedy(error: StoreUnavailableError): string {
  const cause = findCause(error)
  const isRefused =
    cause && (NO_PASSWORD.test(cause.message) || REFUSED.test(String(Reflect.get(cause, 'code'))))
  const url = 'TILEPASS_DATABASE_URL or "databaseUrl" in the configuration'
  return isRefused
    ? `Correct the user, the password or the name of the database in ${url}.`
    : `Check that the database runs and can be reached at the host in ${url}, then try again.`
}

/** What the driver says where it lacks a password. */
const NO_PASSWORD = /client password must be a/
/** SQLSTATE of a wrong user or password (28), and of a database that does not exist (3D). */
const REFUSED = /^(?:28|3D)/

function findCause({ cause }: StoreUnavailableError): Error | undefined {
  const [first]: unknown[] = cause instanceof AggregateError ? cause.errors : [cause]
  return first instanceof Error ? first : undefined
}

/** Is it PostgreSQL that is unavailable? The errors of SQLite have a number as their code. */
export function isDatabaseFailure({ cause }: StoreUnavailableError): boolean {
  return !['errcode', 'sqliteCode', 'sqliteExtendedCode'].some(
    (name) => typeof cause === 'object' && cause !== null && name in cause,
  )
}

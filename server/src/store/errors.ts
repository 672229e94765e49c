/** The store is locked, full, unreadable or unreachable; the same call may succeed later. */
export class StoreUnavailableError extends Error {
  readonly status = 503
  readonly code = 'TEMPORARILY_UNAVAILABLE'

  constructor(options?: ErrorOptions) {
    super('The store is unavailable', options)
    this.name = 'StoreUnavailableError'
  }
}

/** Secrets of the store do not open; the message says why and what to do, and holds no secret. */
export class SealedStoreError extends Error {
  readonly status = 503
  readonly code = 'TEMPORARILY_UNAVAILABLE'

  constructor(message: string) {
    super(message)
    this.name = 'SealedStoreError'
  }
}

/** Is this the error of a damaged database file: SQLITE_CORRUPT or SQLITE_NOTADB? @see https://sqlite.org/rescode.html */
export function isDamage(error: unknown): boolean {
  const code: unknown = Reflect.get(Object(error), 'errcode')
  return typeof code === 'number' && [11, 26].includes(code & 0xff)
}

/** Too many requests wait for a connection, although the database answers. */
export class StoreBusyError extends StoreUnavailableError {}

/** Is this the error of a store that is away, and not merely busy? */
export function isOutage(error: unknown): boolean {
  return error instanceof StoreUnavailableError && !(error instanceof StoreBusyError)
}

/** The database has undone a transaction for the sake of another one; it can be run again at once. */
export class StoreConflictError extends StoreUnavailableError {}

/** There is no store yet, and this process is not to create one. */
export class StoreMissingError extends Error {
  constructor() {
    super('The database has no tables of Tilepass')
    this.name = 'StoreMissingError'
  }
}

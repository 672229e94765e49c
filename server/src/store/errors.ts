/** The store is locked, full, unreadable or unreachable; the same call may succeed later. */
export class StoreUnavailableError extends Error {
  readonly status = 503
  readonly code = 'TEMPORARILY_UNAVAILABLE'

  constructor(options?: ErrorOptions) {
    super('The store is unavailable', options)
    this.name = 'StoreUnavailableError'
  }
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

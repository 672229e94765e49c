/** The store is locked, full or unreadable; the same call may succeed later. */
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

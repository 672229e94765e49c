/** The settings that say where a store is; for messages. */
export interface StorePlace {
  readonly data: string
  /** The source of a secret. Set if the store is a PostgreSQL database. */
  readonly databaseUrl?: unknown
}

/** What messages call the place of the store. */
export function namePlace({ databaseUrl }: StorePlace): 'data folder' | 'database' {
  return databaseUrl === undefined ? 'data folder' : 'database'
}

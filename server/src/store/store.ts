import type { Kysely } from 'kysely'
import type { Tables } from './schema.ts'
import type { Sealing } from './sealing.ts'

/** What queries run on: the open store, or a change in progress. */
export interface Connection {
  readonly db: Kysely<Tables>
}

/** What queries for secrets run on. */
export interface SealedConnection extends Connection {
  readonly sealing: Sealing
}

/** Which database a store is: a SQLite file in a data folder, or PostgreSQL. */
export type StoreKind = 'sqlite' | 'postgres'

/** An open store. Several processes may have it open. */
export interface Store extends SealedConnection {
  readonly kind: StoreKind
  /** For what must be noticed while requests take every other connection: one read at a time. */
  readonly watching: Connection
  /** The backup that was made because the schema was brought up to date; `undefined` if none was. */
  readonly migrationBackup: string | undefined
  /**
   * How long what is known may count for tiles while the database is away, in ms. 0 for a file: what
   * cannot be read from it will not be there in a moment either.
   */
  readonly knownFor: number
  /**
   * Differs whenever another process has written to the store.
   *
   * @throws `StoreUnavailableError` also if the database only reads: what it has may be long out of date.
   */
  readDataVersion(): Promise<DataVersion>
  /** The same without waiting; absent where it takes a query. */
  readonly peekDataVersion?: () => DataVersion
  close(): Promise<void>
}

/** The state of the data of a store. */
export interface DataVersion {
  /** Equal states are the same data. */
  readonly state: string | number
  /**
   * Which server has the data: another one may lack the last changes of the one before, and have others
   * in their place.
   */
  readonly server: string
}

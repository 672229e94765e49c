import { sql, type Transaction } from 'kysely'
import type { Store } from './open.ts'
import type { Tables } from './schema.ts'

/** The store that was to be written is in use: a copy would mix two of them. */
export class StoreInUseError extends Error {
  readonly table: string

  /** @param table One that has rows. */
  constructor(table: string) {
    super(`The store has rows in "${table}"`)
    this.name = 'StoreInUseError'
    this.table = table
  }
}

/**
 * What is copied, with the primary keys: the tables first that others refer to. Turns have no state, and
 * the limits that are being counted last a minute.
 */
const TABLES = {
  account: ['name'],
  api_token: ['id'],
  signing_key: ['kid'],
  secret_key: ['id'],
  grant: ['name'],
  revocation: ['id'],
  revocation_sequence: ['value'],
  setting: ['name'],
  login_family: ['id'],
  dataset: ['id'],
  usage: ['org_id', 'day', 'token', 'use'],
  audit: ['id'],
} as const satisfies Record<Exclude<keyof Tables, 'turn' | 'rate_limit'>, readonly string[]>

type Table = keyof typeof TABLES

const NAMES = Object.keys(TABLES) as readonly Table[]
/** Has a row from the first migration on. */
const FILLED = 'revocation_sequence'
/** Rows a statement; SQLite allows 32,766 values in one. */
const BATCH = 500

/** How many rows were copied, by table. */
export type CopiedRows = Readonly<Record<string, number>>

/**
 * Copies everything in a store to another one, which must be empty: what it was at one instant, as a whole
 * or not at all.
 *
 * @throws {@link StoreInUseError} if the target has anything in it; then nothing was changed.
 */
export async function copyStore(from: Store, to: Store): Promise<CopiedRows> {
  return readAtOneInstant(from, (source) =>
    to.db.transaction().execute(async (target) => {
      await lockAll(target, to.kind)
      await assertEmpty(target)
      await target.deleteFrom(FILLED).execute()
      const copied: Record<string, number> = {}
      for (const table of NAMES) copied[table] = await copyTable(source, target, table)
      if (to.kind === 'postgres') await continueIds(target)
      return copied
    }),
  )
}

function readAtOneInstant<T>(
  { db, kind }: Store,
  run: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  const transaction = db.transaction()
  // SQLite lets nobody else write meanwhile.
  return kind === 'sqlite'
    ? transaction.execute(run)
    : transaction.setIsolationLevel('repeatable read').setAccessMode('read only').execute(run)
}

/** A server that starts meanwhile waits, and then finds the copy. */
async function lockAll(target: Transaction<Tables>, kind: Store['kind']): Promise<void> {
  if (kind === 'sqlite') return
  const tables = sql.join(NAMES.map((table) => sql.table(table)))
  await sql`lock table ${tables} in access exclusive mode`.execute(target)
}

async function assertEmpty(target: Transaction<Tables>): Promise<void> {
  for (const table of NAMES) {
    if (table === FILLED) continue
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(target)
    if (rows.length > 0) throw new StoreInUseError(table)
  }
}

async function copyTable(
  source: Transaction<Tables>,
  target: Transaction<Tables>,
  table: Table,
): Promise<number> {
  const columns = TABLES[table]
  const key = sql.join(columns.map((column) => sql.ref(column)))
  let count = 0
  let last: Readonly<Record<string, unknown>> | undefined
  do {
    const values = columns.map((column) => last?.[column])
    const from = last ? sql`where (${key}) > (${sql.join(values)})` : sql``
    const { rows } = await sql<Readonly<Record<string, unknown>>>`
      select * from ${sql.table(table)} ${from} order by ${key} limit ${sql.lit(BATCH)}`.execute(
      source,
    )
    const [first] = rows
    if (first)
      await sql`
        insert into ${sql.table(table)} (${sql.join(Object.keys(first).map((name) => sql.ref(name)))})
        values ${sql.join(rows.map((row) => sql`(${sql.join(Object.values(row))})`))}`.execute(
        target,
      )
    count += rows.length
    last = rows.at(-1)
  } while (last)
  return count
}

/** The next audit entry must not take the id of a copied one. */
async function continueIds(target: Transaction<Tables>): Promise<void> {
  await sql`
    select setval(pg_get_serial_sequence('audit', 'id'), coalesce(max(id), 0) + 1, false) from audit
  `.execute(target)
}

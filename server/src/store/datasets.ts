import { randomUUID } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { Connection, Store } from './open.ts'
import type { DatasetTable } from './schema.ts'
import { takeTurn, transact } from './transact.ts'

/** A file of the catalogue. */
export type Dataset = Readonly<Selectable<DatasetTable>>

/** A new dataset; see the columns of the table. */
export interface DatasetDetails {
  /** UUID in lower case; a new one by default. */
  readonly id?: string | undefined
  readonly name: string
  readonly account: string
  readonly path: string
  readonly kind: Dataset['kind']
  readonly isPublic: boolean
}

/** Finds a dataset by its id in lower case. */
export async function findDataset({ db }: Connection, id: string): Promise<Dataset | undefined> {
  return db.selectFrom('dataset').selectAll().where('id', '=', id).executeTakeFirst()
}

/** All datasets by name. */
export async function listDatasets({ db }: Connection): Promise<readonly Dataset[]> {
  return db.selectFrom('dataset').selectAll().orderBy('name').execute()
}

/** Adds a dataset and resolves to it; `undefined` if its name or id is taken. */
export async function addDataset(
  { db }: Connection,
  details: DatasetDetails,
  now: number,
): Promise<Dataset | undefined> {
  const row = toRow(details, 0, now)
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('dataset')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n ? row : undefined
}

/** Removes a dataset from the catalogue by its name; `false` if there is none. */
export async function removeDataset({ db }: Connection, name: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('dataset')
    .where('name', '=', name)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/**
 * Makes the configured part of the catalogue equal to these datasets. Datasets that were added by hand
 * stay.
 *
 * @returns Names that datasets with other ids have already; then nothing was changed.
 */
export async function replaceConfiguredDatasets(
  store: Store,
  datasets: readonly (DatasetDetails & { readonly id: string })[],
  now: number,
): Promise<readonly string[]> {
  return transact(store, async (transaction) => {
    await takeTurn({ db: transaction }, 'datasets')
    const others = await transaction
      .selectFrom('dataset')
      .select(['id', 'name'])
      .where('is_configured', '=', 0)
      .execute()
    const taken = datasets.filter(({ id, name }) =>
      others.some((other) => other.name === name && other.id !== id),
    )
    if (taken.length > 0) return taken.map(({ name }) => name)
    const ids = datasets.map(({ id }) => id)
    await transaction
      .deleteFrom('dataset')
      .where((where) =>
        where.or([where('is_configured', '=', 1), ...ids.map((id) => where('id', '=', id))]),
      )
      .execute()
    const rows = datasets.map((details) => toRow(details, 1, now))
    if (rows.length > 0) await transaction.insertInto('dataset').values(rows).execute()
    return []
  })
}

function toRow(
  { id = randomUUID(), name, account, path, kind, isPublic }: DatasetDetails,
  isConfigured: 0 | 1,
  now: number,
) {
  return {
    id,
    name,
    account,
    path,
    kind,
    is_public: isPublic ? 1 : 0,
    is_configured: isConfigured,
    created_at: now,
  } satisfies Insertable<DatasetTable>
}

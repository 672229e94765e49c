import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Store } from './open.ts'
import type { DatasetTable } from './schema.ts'

/** A file of the catalogue. */
export type Dataset = Readonly<Selectable<DatasetTable>>

/** What a dataset is to be; see the table's columns. */
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
export async function findDataset(store: Store, id: string): Promise<Dataset | undefined> {
  return store.db.selectFrom('dataset').selectAll().where('id', '=', id).executeTakeFirst()
}

/** All datasets by name. */
export async function listDatasets(store: Store): Promise<readonly Dataset[]> {
  return store.db.selectFrom('dataset').selectAll().orderBy('name').execute()
}

/** Enters a dataset and resolves to it; `undefined` if its name or id is taken. */
export async function addDataset(
  store: Store,
  { id = randomUUID(), name, account, path, kind, isPublic }: DatasetDetails,
  now: number,
): Promise<Dataset | undefined> {
  const row = {
    id,
    name,
    account,
    path,
    kind,
    is_public: isPublic ? 1 : 0,
    is_configured: 0,
    created_at: now,
  }
  const { numInsertedOrUpdatedRows } = await store.db
    .insertInto('dataset')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n ? row : undefined
}

/** Takes a dataset out of the catalogue by its name; `false` if there is none. */
export async function removeDataset(store: Store, name: string): Promise<boolean> {
  const { numDeletedRows } = await store.db
    .deleteFrom('dataset')
    .where('name', '=', name)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/**
 * Makes the catalogue's configured part equal to these; what was added by hand stays.
 *
 * @returns Names that datasets of other ids have already; then nothing was changed.
 */
export async function replaceConfiguredDatasets(
  store: Store,
  datasets: readonly (DatasetDetails & { readonly id: string })[],
  now: number,
): Promise<readonly string[]> {
  return store.db.transaction().execute(async (transaction) => {
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
    const rows = datasets.map(({ id, name, account, path, kind, isPublic }) => ({
      id,
      name,
      account,
      path,
      kind,
      is_public: isPublic ? 1 : 0,
      is_configured: 1,
      created_at: now,
    }))
    if (rows.length > 0) await transaction.insertInto('dataset').values(rows).execute()
    return []
  })
}

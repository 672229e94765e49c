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
  const row = { id, name, account, path, kind, is_public: isPublic ? 1 : 0, created_at: now }
  const { numInsertedOrUpdatedRows } = await store.db
    .insertInto('dataset')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n ? row : undefined
}

/** Enters a dataset of a known id, or makes the one that is there like it. */
export async function putDataset(
  store: Store,
  details: DatasetDetails & { readonly id: string },
  now: number,
): Promise<void> {
  if (await addDataset(store, details, now)) return
  const { id, name, account, path, kind, isPublic } = details
  await store.db
    .updateTable('dataset')
    .set({ name, account, path, kind, is_public: isPublic ? 1 : 0 })
    .where('id', '=', id)
    .execute()
}

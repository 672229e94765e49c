import type { Store } from './open.ts'

/** Grants kept in the store, as JSON of the configuration's shape, by name. */
export async function listSeededGrants(store: Store): Promise<Readonly<Record<string, unknown>>> {
  const rows = await store.db.selectFrom('grant').selectAll().execute()
  return Object.fromEntries(rows.map(({ name, settings }) => [name, JSON.parse(settings)]))
}

/** Keeps a grant in the store unless it has one of that name. */
export async function seedGrant(store: Store, name: string, settings: object): Promise<void> {
  await store.db
    .insertInto('grant')
    .values({ name, settings: JSON.stringify(settings) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
}

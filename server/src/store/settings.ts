import type { Store } from './open.ts'

/** Reads a setting of the data folder. */
export async function findSetting(store: Store, name: string): Promise<string | undefined> {
  const row = await store.db
    .selectFrom('setting')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.value
}

/** Sets a setting unless it has a value; resolves to the value that it then has. */
export async function initSetting(store: Store, name: string, value: string): Promise<string> {
  const current = await findSetting(store, name)
  if (current !== undefined) return current
  await store.db
    .insertInto('setting')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return (await findSetting(store, name)) ?? value
}

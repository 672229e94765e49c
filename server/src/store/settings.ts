import type { Change } from './changes.ts'
import type { Connection } from './open.ts'

/** Finds a setting of the data folder. */
export async function findSetting({ db }: Connection, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.value
}

/** Sets a setting unless it has a value, and resolves to the value that it then has. */
export async function initSetting(
  connection: Connection,
  name: string,
  value: string,
): Promise<string> {
  const current = await findSetting(connection, name)
  if (current !== undefined) return current
  await connection.db
    .insertInto('setting')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return (await findSetting(connection, name)) ?? value
}

/** Sets a setting, whatever it was before. */
export async function setSetting({ db }: Change, name: string, value: string): Promise<void> {
  await db
    .insertInto('setting')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}

import type { Connection } from './open.ts'

/** The grants in the store by name, as JSON in the shape of the configuration. */
export async function listSeededGrants({
  db,
}: Connection): Promise<Readonly<Record<string, unknown>>> {
  const rows = await db.selectFrom('grant').selectAll().execute()
  return Object.fromEntries(rows.map(({ name, settings }) => [name, JSON.parse(settings)]))
}

/** Adds a grant to the store unless it has one of that name. */
export async function seedGrant({ db }: Connection, name: string, settings: object): Promise<void> {
  await db
    .insertInto('grant')
    .values({ name, settings: JSON.stringify(settings) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
}

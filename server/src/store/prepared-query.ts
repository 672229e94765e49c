import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Connection } from './open.ts'
import type { Tables } from './schema.ts'

/**
 * Creates a query whose SQL is made once for each database: making it takes longer than running it, so it
 * pays for what most requests ask.
 *
 * @param build Its parameters take the place of the values that it is built with, in their order.
 */
export function prepareQuery<Row>(
  build: (db: Kysely<Tables>) => Compilable<Row>,
): (connection: Connection, ...parameters: readonly unknown[]) => Promise<readonly Row[]> {
  const compiled = new WeakMap<Kysely<Tables>, CompiledQuery<Row>>()
  return async ({ db }, ...parameters) => {
    const query = compiled.get(db) ?? build(db).compile()
    compiled.set(db, query)
    if (parameters.length !== query.parameters.length)
      throw new TypeError(`The query has ${query.parameters.length} parameters`)
    const { rows } = await db.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}

import type { CompiledQuery } from 'kysely'
import { onTestFinished } from 'vitest'
import type { Store } from '../../src/store/open.ts'
import { makeDataFolder } from './broker-under-test.ts'
import { openStoreOf } from './store-under-test.ts'

/** A new store, which says by which steps the database answers the query that was run last. */
export async function openExplained(): Promise<{
  readonly store: Store
  readonly explainLast: () => Promise<string>
}> {
  const queries: CompiledQuery[] = []
  const log = ({ query }: { readonly query: CompiledQuery }) => void queries.push(query)
  const store = await openStoreOf(makeDataFolder(), { log })
  onTestFinished(() => store.close())
  return { store, explainLast: () => explain(store, queries.at(-1) as CompiledQuery) }
}

async function explain({ db, kind }: Store, query: CompiledQuery): Promise<string> {
  const explaining = kind === 'postgres' ? 'explain' : 'explain query plan'
  const { rows } = await db.executeQuery<Readonly<Record<string, unknown>>>({
    ...query,
    sql: `${explaining} ${query.sql}`,
  })
  return rows.map((row) => String(row['QUERY PLAN'] ?? row.detail)).join('\n')
}

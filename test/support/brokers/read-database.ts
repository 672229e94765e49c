import { readStore } from '../../../server/test/support/read-store.ts'
import { openStoreOf } from '../../../server/test/support/store-under-test.ts'

/** What counts requests, as a log does, which every request may do. */
const COUNTED_TABLES = ['usage', 'rate_limit']
const COUNTED_COLUMNS = ['last_used_at']
/** Audit entries that count the refusals of a minute have one. */
const isCount = (table: string, row: Record<string, unknown>) =>
  table === 'audit' && row.minute !== null

/** Everything in the store of a data folder, by table, besides the counts of uses and refusals. */
export async function readDatabase(data: string): Promise<Readonly<Record<string, unknown[]>>> {
  const store = await openStoreOf(data)
  const content = await readStore(store)
  await store.close()
  const tables = Object.entries(content).filter(([name]) => !COUNTED_TABLES.includes(name))
  return Object.fromEntries(
    tables.map(([name, rows]) => [name, rows.filter((row) => !isCount(name, row)).map(omitCounts)]),
  )
}

function omitCounts(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).filter(([column]) => !COUNTED_COLUMNS.includes(column)),
  )
}

import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createAccount } from '../../src/store/accounts.ts'
import type { ApiToken } from '../../src/store/api-tokens.ts'
import { listMapboxTokens, type MapboxTokenQuery } from '../../src/store/mapbox-tokens.ts'
import type { Store } from '../../src/store/open.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openExplained } from '../support/explained-store.ts'
import { addMapboxTokens } from '../support/many-tokens.ts'

const COUNT = 5_000
const LISTS: readonly Omit<MapboxTokenQuery, 'limit'>[] = (
  ['created_at', 'modified_at'] as const
).flatMap((sortBy) => [
  { sortBy },
  { sortBy, usage: 'pk' },
  { sortBy, usage: 'sk' },
  { sortBy, isDefault: false },
  { sortBy, isDefault: true },
  { sortBy, isDefault: true, usage: 'pk' },
  { sortBy, isDefault: true, usage: 'sk' },
])

/** A store with many tokens of account `a`, one of them its default token, and as many of another one. */
async function fill() {
  const { store, explainLast } = await openExplained()
  await createAccount(store, 'a', NOW)
  await createAccount(store, 'b', NOW)
  await addMapboxTokens(store, 'a', COUNT)
  await sql`update api_token set is_default = 1 where created_at = 7 and id like '%70000000000000000'`.execute(
    store.db,
  )
  await sql`update api_token set account = 'b' where created_at % 2 = 0`.execute(store.db)
  await sql`update api_token set revoked_at = ${NOW} where created_at = 11`.execute(store.db)
  return { store, explainLast }
}

/** Reads a list to its end, page by page. */
async function listAll(store: Store, list: Omit<MapboxTokenQuery, 'limit'>, limit: number) {
  const found: ApiToken[] = []
  for (;;) {
    const last = found.at(-1)
    const after = last && { at: last[list.sortBy], id: last.id }
    const page = await listMapboxTokens(store, 'a', { ...list, after, limit })
    found.push(...page)
    if (page.length < limit) return found
  }
}

const isListed = (token: ApiToken, { usage, isDefault }: Omit<MapboxTokenQuery, 'limit'>) =>
  (usage === undefined || token.usage === usage) &&
  (isDefault === undefined || token.is_default === (isDefault ? 1 : 0)) &&
  token.account === 'a' &&
  token.revoked_at === null

describe('pages of Mapbox tokens', () => {
  test('hold each token of a list once, in its order, also where several have the same time', async () => {
    const { store } = await fill()
    const all = await store.db.selectFrom('api_token').selectAll().execute()
    for (const list of LISTS) {
      const { sortBy } = list
      const expected = all
        .filter((token) => isListed(token, list))
        .sort((a, b) => b[sortBy] - a[sortBy] || (a.id < b.id ? 1 : -1))
      const found = await listAll(store, list, 777)
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
    }
  })

  test('are read from an index, never sorted, and never by reading the whole table', async () => {
    const { store, explainLast } = await fill()
    const middle = { at: COUNT / 20, id: `c${'0'.repeat(24)}` }
    for (const list of LISTS)
      for (const after of [undefined, middle]) {
        await listMapboxTokens(store, 'a', { ...list, after, limit: 101 })
        const plan = await explainLast()
        expect(plan).toMatch(
          store.kind === 'postgres'
            ? /^(Limit .*\n +-> +)?Index Scan (Backward )?using api_token_(mapbox|default)/
            : /^SEARCH api_token USING INDEX api_token_(mapbox|default)/,
        )
        expect(plan).not.toMatch(/sort|seq scan|bitmap|temp b-tree|^scan/im)
      }
  })
})

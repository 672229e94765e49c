import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createAccount, listAccounts } from '../../src/store/accounts.ts'
import { type ApiToken, listApiTokens } from '../../src/store/api-tokens.ts'
import type { Store } from '../../src/store/open.ts'
import { summarizeUsage } from '../../src/store/usage.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openExplained } from '../support/explained-store.ts'
import { addMapboxTokens } from '../support/many-tokens.ts'

const COUNT = 5_000
const DAY = '2026-01-31'
const READS_ALL = /sort|seq scan|bitmap|temp b-tree|^scan/im

/** A store with many tokens, each used on two days. */
async function fill() {
  const { store, explainLast } = await openExplained()
  await createAccount(store, 'a', NOW)
  await addMapboxTokens(store, 'a', COUNT)
  for (const [day, count] of [
    [DAY, 2],
    ['2026-01-30', 3],
  ])
    await sql`insert into usage (day, org_id, token, use, count)
      select cast(${day} as text), 'org', id, 'tiles', cast(${count} as integer) from api_token`.execute(
      store.db,
    )
  await sql`analyze`.execute(store.db)
  return { store, explainLast }
}

async function listAll(store: Store, limit: number) {
  const found: ApiToken[] = []
  for (;;) {
    const page = await listApiTokens(store, { after: found.at(-1), limit })
    found.push(...page)
    if (page.length < limit) return found
  }
}

describe('pages of all tokens', () => {
  test('hold each token once, the newest first, also where several have the same time', async () => {
    const { store } = await fill()
    const all = await store.db.selectFrom('api_token').selectAll().execute()
    all.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1))
    const found = await listAll(store, 777)
    expect(found.map(({ id }) => id)).toEqual(all.map(({ id }) => id))
  })

  test('are read from an index, never sorted, and never by reading the whole table', async () => {
    const { store, explainLast } = await fill()
    const after = { created_at: COUNT / 20, id: `c${'0'.repeat(24)}` }
    for (const start of [undefined, after]) {
      await listApiTokens(store, { after: start, limit: 101 })
      const plan = await explainLast()
      expect(plan).toMatch(/index (scan backward using )?api_token_created/i)
      // SQLite calls it a scan if the page begins where the index does.
      expect(plan.replace(/^SCAN api_token USING INDEX/, '')).not.toMatch(READS_ALL)
    }
  })

  test('sum the uses of their tokens by reading those alone', async () => {
    const { store, explainLast } = await fill()
    const tokens = (await listApiTokens(store, { limit: 3 })).map(({ id }) => id)
    const usage = await summarizeUsage(store, tokens, DAY)
    expect(usage).toEqual(new Map(tokens.map((id) => [id, { today: 2, total: 5 }])))
    expect(await explainLast()).toMatch(/usage_token/)
    expect(await summarizeUsage(store, [], DAY)).toEqual(new Map())
  })
})

test('pages of accounts hold each name once, in its order', async () => {
  const { store } = await openExplained()
  const names = ['B', 'a', 'a-b', 'a.b', 'ab', 'b', 'ä']
  for (const name of names) await createAccount(store, name, NOW)
  const found: string[] = []
  for (;;) {
    const page = await listAccounts(store, { after: found.at(-1), limit: 2 })
    found.push(...page.map(({ name }) => name))
    if (page.length < 2) break
  }
  expect(found).toEqual([...names].sort())
})

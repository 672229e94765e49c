import { CompiledQuery, type KyselyPlugin, type RootOperationNode } from 'kysely'
import { expect, test } from 'vitest'
import { createAccount, disableAccount } from '../../src/store/accounts.ts'
import { audited } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/open.ts'
import { findSignInTarget } from '../../src/store/sign-ins.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

/** A store with accounts of every sort, and the lookup of a user name as a sign-in does it. */
async function start() {
  const store = await openTestStore()
  const create = (name: string, email?: string, passwordHash: string | undefined = name) =>
    createAccount(store, name, NOW, { email, passwordHash })
  await create('City', 'maps@city.example')
  await create('one', 'both@a.example')
  await create('two', 'both@a.example')
  await create('caps', 'Info@caps.example')
  await create('off', 'off@a.example')
  await create('no-password', 'none@a.example')
  await store.db
    .updateTable('account')
    .set({ password_hash: null })
    .where('name', '=', 'no-password')
    .execute()
  const entry = { at: NOW, actor: 'cli', action: 'account.disable', target: 'off' }
  await audited(store, entry, (change) => disableAccount(change, 'off', NOW))
  const queries: RootOperationNode[] = []
  let last: RootOperationNode | undefined
  const recorder: KyselyPlugin = {
    // It is called for the parts of a query as well, and for the whole at the end.
    transformQuery: ({ node }) => {
      last = node
      return node
    },
    transformResult: async ({ result }) => {
      if (last) queries.push(last)
      return result
    },
  }
  const recorded = { db: store.db.withPlugin(recorder) }
  const find = async (name: string) => {
    const { account, key, signIn } = await findSignInTarget(recorded, name, name.toLowerCase())
    return [account, key, signIn?.account]
  }
  return { store, find, queries }
}

test.each([
  ['City', ['City', 'city', 'City']],
  ['maps@city.example', ['City', 'city', 'City']],
  ['cITY', ['City', 'city', undefined]],
  ['Maps@City.example', ['City', 'city', undefined]],
  ['both@a.example', [undefined, 'both@a.example', undefined]],
  ['Info@caps.example', ['caps', 'caps', 'caps']],
  ['info@caps.example', ['caps', 'caps', undefined]],
  ['off', ['off', 'off', undefined]],
  ['off@a.example', ['off', 'off', undefined]],
  ['none@a.example', ['no-password', 'no-password', undefined]],
  ['nobody', [undefined, 'nobody', undefined]],
])('%j is meant for, counts for and signs in to %j', async (name, expected) => {
  const { find } = await start()
  expect(await find(name)).toEqual(expected)
})

/** The plan of a query; PostgreSQL scans tables as small as these unless it is told not to. */
async function explain({ db, kind }: Store, { sql, parameters }: CompiledQuery) {
  const [command, setting] =
    kind === 'sqlite'
      ? ['explain query plan', 'select 1']
      : ['explain (costs off)', 'set enable_seqscan = off']
  return db.connection().execute(async (connection) => {
    await connection.executeQuery(CompiledQuery.raw(setting))
    const { rows } = await connection.executeQuery<Record<string, unknown>>(
      CompiledQuery.raw(`${command} ${sql}`, [...parameters]),
    )
    // The parameters are in the plan.
    return rows.map((row) => String(row.detail ?? row['QUERY PLAN']).replaceAll(/'[^']*'/g, '?'))
  })
}

test('L1: every user name takes the same query, by indexes only', async () => {
  const { store, find, queries } = await start()
  const plans = []
  for (const name of ['City', 'maps@city.example', 'cITY', 'off', 'none@a.example', 'nobody']) {
    queries.length = 0
    await find(name)
    expect(queries).toHaveLength(1)
    const [node] = queries
    if (!node) continue
    const { sql, parameters } = store.db.getExecutor().compileQuery(node, { queryId: name })
    const lines = await explain(store, CompiledQuery.raw(sql, [...parameters]))
    plans.push(sql, lines.join('\n'))
    expect(lines.filter((line) => /^SCAN|Seq Scan/.test(line))).toEqual([])
  }
  expect(new Set(plans).size).toBe(2)
})

import { expect, test } from 'vitest'
import type { Store } from '../../src/store/open.ts'
import { createUsagePruning, keepUsageWithin } from '../../src/store/usage-retention.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const RULES = { retentionDays: 400 }
const toDay = (daysAgo: number) => new Date(NOW - daysAgo * 86_400_000).toISOString().slice(0, 10)

/** Adds counts of days, a token each. */
async function fill(store: Store, orgId: string, daysAgo: readonly number[]) {
  await store.db
    .insertInto('usage')
    .values(
      daysAgo.map((days, index) => ({
        day: toDay(days),
        org_id: orgId,
        token: `t${index}`,
        use: 'tiles',
        count: 1,
      })),
    )
    .execute()
}

async function listDays(store: Store) {
  const rows = await store.db.selectFrom('usage').selectAll().orderBy('day', 'desc').execute()
  return rows.map(({ org_id, day }) => [org_id, day])
}

async function pruneAll(store: Store, now = NOW) {
  const step = createUsagePruning(store, RULES, () => now)
  let steps = 1
  while (await step()) steps += 1
  return steps
}

test('counts are kept for 400 days, of every organisation and of none', async () => {
  const store = await openTestStore()
  for (const orgId of ['', 'org_a', 'org_b']) await fill(store, orgId, [0, 400, 401, 500])
  await pruneAll(store)
  const kept = [toDay(0), toDay(400)]
  const days = await listDays(store)
  for (const orgId of ['', 'org_a', 'org_b'])
    expect(days.filter(([id]) => id === orgId).map(([, day]) => day)).toEqual(kept)
  expect(days).toHaveLength(6)
})

test('one step removes a bounded number, the background everything, and goes on from day to day', async () => {
  const store = await openTestStore()
  await fill(
    store,
    'org_a',
    Array.from({ length: 1_100 }, () => 401),
  )
  await fill(store, 'org_b', [400])
  const step = createUsagePruning(store, RULES, () => NOW)
  expect([await step(), (await listDays(store)).length]).toEqual([true, 601])
  const errors: unknown[] = []
  const retention = keepUsageWithin(
    store,
    RULES,
    () => NOW,
    (error) => errors.push(error),
  )
  await expect.poll(() => listDays(store)).toEqual([['org_b', toDay(400)]])
  await retention.close()
  expect(errors).toEqual([])
  await pruneAll(store, NOW + 86_400_000)
  expect(await listDays(store)).toEqual([])
})

test('a store without counts has nothing to remove', async () => {
  expect(await pruneAll(await openTestStore())).toBe(1)
})

import { expect, test } from 'vitest'
import { addAuditEntry, listAuditEntries } from '../../src/store/audit.ts'
import { keepAuditWithin, pruneAudit } from '../../src/store/audit-retention.ts'
import type { Store } from '../../src/store/open.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const DAY = 86_400_000
const RULES = { retentionDays: 400, maxRows: 1_000 }

/** Adds entries, each a millisecond later than the one before. */
async function fill(store: Store, count: number, actor = 'cli', action = 'token.create') {
  await store.db
    .insertInto('audit')
    .values(
      Array.from({ length: count }, (_, index) => ({
        ...{ at: NOW + index, actor, action, target: `${index}` },
        ...{ detail: '', request_id: '', address: '' },
      })),
    )
    .execute()
}

const listTargets = async (store: Store) =>
  (await listAuditEntries(store, { limit: 9_999 })).map(({ target }) => target)

test('entries are kept for 400 days, to the millisecond', async () => {
  const store = await openTestStore()
  await fill(store, 2)
  expect(await pruneAudit(store, RULES, NOW + 400 * DAY)).toBe(0)
  expect(await pruneAudit(store, RULES, NOW + 400 * DAY + 1)).toBe(1)
  expect(await listTargets(store)).toEqual(['1'])
})

test('the newest entries are kept, up to the limit', async () => {
  const store = await openTestStore()
  await fill(store, 1_003)
  expect(await pruneAudit(store, RULES, NOW)).toBe(3)
  expect(await pruneAudit(store, RULES, NOW)).toBe(0)
  const targets = await listTargets(store)
  expect([targets.length, targets.at(-1)]).toEqual([1_000, '3'])
})

test('one step removes a bounded number, the background everything', async () => {
  const store = await openTestStore()
  for (let part = 0; part < 3; part++) await fill(store, 900)
  expect(await pruneAudit(store, RULES, NOW)).toBe(500)
  const errors: unknown[] = []
  const retention = keepAuditWithin(
    store,
    RULES,
    () => NOW,
    (error) => errors.push(error),
  )
  await expect.poll(async () => (await listTargets(store)).length).toBe(1_000)
  await retention.close()
  expect(errors).toEqual([])
})

test('a trail without entries has nothing to remove', async () => {
  const store = await openTestStore()
  expect(await pruneAudit(store, RULES, NOW)).toBe(0)
  await addAuditEntry(store, { at: NOW, actor: 'cli', action: 'token.create', target: 'a' })
  expect(await pruneAudit(store, RULES, NOW)).toBe(0)
})

test.each([
  ['strangers', 'anonymous', 'session.fail'],
  ['holders of tokens', 'tok_1', 'admin.refuse'],
])('what %s cause by refusals pushes out nothing but refusals', async (_, actor, action) => {
  const store = await openTestStore()
  await fill(store, 900)
  await fill(store, 900, actor, action)
  const prune = async () => {
    while ((await pruneAudit(store, RULES, NOW)) > 0);
  }
  const countOf = async (name: string) =>
    (await listAuditEntries(store, { limit: 9_999, actor: name })).length
  await prune()
  expect([await countOf('cli'), await countOf(actor)]).toEqual([900, 100])
  await fill(store, 900, actor, action)
  await prune()
  expect([await countOf('cli'), await countOf(actor)]).toEqual([900, 100])
  await fill(store, 300)
  await prune()
  expect([await countOf('cli'), await countOf(actor)]).toEqual([1_000, 0])
})

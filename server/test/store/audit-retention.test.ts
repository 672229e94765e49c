import { expect, test } from 'vitest'
import { addAuditEntry, listAuditEntries } from '../../src/store/audit.ts'
import { keepAuditWithin, pruneAudit } from '../../src/store/audit-retention.ts'
import type { Store } from '../../src/store/open.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const DAY = 86_400_000
const RULES = { retentionDays: 400, maxRows: 1_000 }

let minutes = 0

/** Adds entries, each a millisecond later than the one before. */
async function fill(
  store: Store,
  count: number,
  actor = 'cli',
  action = 'token.create',
  isCounted = false,
) {
  await store.db
    .insertInto('audit')
    .values(
      Array.from({ length: count }, (_, index) => ({
        ...{ at: NOW + index, actor, action, target: `${index}` },
        ...{ detail: '', request_id: '', address: '' },
        ...(isCounted && { minute: minutes++ }),
      })),
    )
    .execute()
}

const listTargets = async (store: Store) =>
  (await listAuditEntries(store, { limit: 9_999 })).map(({ target }) => target)

async function pruneAll(store: Store) {
  while ((await pruneAudit(store, RULES, NOW)) > 0);
}

async function countOf(store: Store, ...actors: string[]) {
  const entries = await listAuditEntries(store, { limit: 9_999 })
  return actors.map((name) => entries.filter(({ actor }) => actor === name).length)
}

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

test('several that prune at once remove no more than one does, and no changes of operators', async () => {
  const store = await openTestStore()
  await fill(store, 900)
  await fill(store, 103, 'anonymous', 'session.fail')
  const atOnce = <T>(run: () => Promise<T>) => Promise.all([run(), run(), run(), run()])
  // Connections that are still to be opened would let one finish before the others begin.
  await atOnce(() => listTargets(store))
  const counts = await atOnce(() => pruneAudit(store, RULES, NOW))
  expect([...counts].sort((a, b) => a - b)).toEqual([0, 0, 0, 3])
  expect(await countOf(store, 'cli', 'anonymous')).toEqual([900, 100])
})

test('a trail without entries has nothing to remove', async () => {
  const store = await openTestStore()
  expect(await pruneAudit(store, RULES, NOW)).toBe(0)
  await addAuditEntry(store, { at: NOW, actor: 'cli', action: 'token.create', target: 'a' })
  expect(await pruneAudit(store, RULES, NOW)).toBe(0)
})

test.each([
  ['strangers by refusals', 'anonymous', 'session.fail'],
  ['holders of tokens by refusals', 'tok_1', 'admin.refuse'],
  ['users by sessions', 'usr_a', 'session.open'],
  ['users by changes of their password', 'usr_a', 'account.set-password'],
  ['holders of Mapbox tokens by changes', 'c0123456789', 'token.create'],
  ['clients by revocations of access tokens', 'tok_1', 'token.revoke', true],
])('what is caused by %s pushes out nothing else', async (_, actor, action, isCounted = false) => {
  const store = await openTestStore()
  await fill(store, 900)
  for (let round = 0; round < 2; round++) {
    await fill(store, 900, actor, action, isCounted)
    await pruneAll(store)
    expect(await countOf(store, 'cli', actor)).toEqual([900, 100])
  }
  await fill(store, 300)
  await pruneAll(store)
  expect(await countOf(store, 'cli', actor)).toEqual([1_000, 0])
})

test('refusals push no session out', async () => {
  const store = await openTestStore()
  await fill(store, 900, 'usr_a', 'session.open')
  await fill(store, 900, 'anonymous', 'session.fail')
  await pruneAll(store)
  expect(await countOf(store, 'usr_a', 'anonymous')).toEqual([900, 100])
})

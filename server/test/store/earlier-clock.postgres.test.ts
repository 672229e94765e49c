import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { rotateSecretKey } from '../../src/issuer/secret-key-rotation.ts'
import { loadSecretKeys } from '../../src/issuer/secret-keys.ts'
import { createAccount, deleteAccount } from '../../src/store/accounts.ts'
import { NEVER } from '../../src/store/api-tokens.ts'
import { addAuditEntry, audited, listAuditEntries } from '../../src/store/audit.ts'
import { pruneAudit } from '../../src/store/audit-retention.ts'
import { applyChange } from '../../src/store/changes.ts'
import { findFamily, openFamily } from '../../src/store/login-families.ts'
import type { Store } from '../../src/store/open.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { listSecretKeyRows } from '../../src/store/secret-keys.ts'
import { makeDataFolder } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** What the clock of the database says, more or less. */
const now = Date.now()

/** Opens stores of one database whose clock is the real one. */
async function openStores(count: number): Promise<readonly Store[]> {
  const folder = makeDataFolder()
  const stores = await Promise.all(Array.from({ length: count }, () => openTestStore(folder)))
  await sql`drop function public.statement_timestamp()`.execute((stores[0] as Store).db)
  return stores
}
const entry = { at: now, actor: 'cli', action: 'test', target: 'test' }

test('T16: a replica whose clock is ahead deletes no revocation that the others need, and lists it', async () => {
  const [store, ahead, reader] = (await openStores(3)) as [Store, Store, Store]
  await applyChange(store, (change) => change.revoke('tok_1', { at: now, expiresAt: now + HOUR }))
  const late = now + 5 * HOUR
  await applyChange(ahead, (change) => change.revoke('tok_2', { at: late, expiresAt: late + HOUR }))
  expect(await createRevocations(reader, () => now).isRevoked('tok_1')).toBe(true)
  const { entries } = await createRevocations(ahead, () => late).list()
  expect(entries.map(({ id }) => id)).toEqual(['tok_1', 'tok_2'])
})

test('what has expired by both clocks is deleted', async () => {
  const [store] = (await openStores(1)) as [Store]
  const old = now - HOUR
  await applyChange(store, (change) => change.revoke('tok_1', { at: old, expiresAt: old }))
  await applyChange(store, (change) => change.revoke('tok_2', { at: now, expiresAt: now + HOUR }))
  const rows = await store.db.selectFrom('revocation').select('id').execute()
  expect(rows).toEqual([{ id: 'tok_2' }])
})

test('a replica whose clock is ahead deletes no session, name, key or audit entry before its time', async () => {
  const [store] = (await openStores(1)) as [Store]
  await createAccount(store, 'city', now, { passwordHash: 'hash' })
  const family = (id: string, at: number) => ({
    ...{ id, account: 'city', generation: 1, retry_key: null, ended_at: null },
    ...{ rotated_at: at, expires_at: at + HOUR },
  })
  await openFamily(store, family('fam_1', now), 'hash')
  await openFamily(store, family('fam_2', now + 5 * HOUR), 'hash')
  expect(await findFamily(store, 'fam_1')).toBeDefined()

  await audited(store, entry, (change) => deleteAccount(change, 'city', now))
  expect(await createAccount(store, 'city', now + 5 * HOUR)).toBeUndefined()

  await loadSecretKeys(store, 'refresh', now)
  for (const at of [now, now + 40 * DAY])
    await audited(store, entry, (change) => rotateSecretKey(change, 'refresh', at))
  expect(await listSecretKeyRows(store, 'refresh')).toHaveLength(3)

  await addAuditEntry(store, { ...entry, target: 'kept' })
  await pruneAudit(store, { retentionDays: 30, maxRows: 1_000 }, now + 60 * DAY)
  const entries = await listAuditEntries(store, { limit: 1 })
  expect(entries).toMatchObject([{ target: 'kept' }])
})

test('a replica whose clock is ahead learns that a revocation was lifted', async () => {
  const [store, ahead] = (await openStores(2)) as [Store, Store]
  await applyChange(store, (change) => change.revoke('org_1', { at: now, expiresAt: NEVER }))
  const revocations = createRevocations(ahead, () => now + 5 * HOUR)
  expect(await revocations.isRevoked('org_1')).toBe(true)
  await applyChange(store, (change) => change.lift('org_1', now))
  await expect.poll(() => revocations.isRevoked('org_1'), { timeout: 5_000 }).toBe(false)
})

import { expect, test } from 'vitest'
import { audited, listAuditEntries } from '../../src/store/audit.ts'
import { revokeAllDerived, revokeDerived } from '../../src/store/bounded-revocations.ts'
import type { Store } from '../../src/store/open.ts'
import { createRevocations, listRevocations } from '../../src/store/revocations.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const expiresAt = NOW + 3600_000
const sender = { requestId: '', address: '' }
const entry = { at: NOW, actor: 'tok_1', sender, action: 'token.revoke', target: 'acc_new' }

/** Revokes this many access tokens of an organisation. */
async function fillOrganisation(store: Store, orgId: string, count: number) {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `acc_${orgId}_${index}`,
    revoked_at: NOW,
    expires_at: NOW + 3600_000,
    org_id: orgId,
    seq: index,
  }))
  while (rows.length > 0)
    await store.db.insertInto('revocation').values(rows.splice(0, 1_000)).execute()
}

/** A store in which this many access tokens of each organisation are revoked. */
async function start(counts: Readonly<Record<string, number>>) {
  const store = await openTestStore()
  for (const [orgId, count] of Object.entries(counts)) await fillOrganisation(store, orgId, count)
  const revoke = (sub: string, orgId: string) =>
    audited(store, entry, (change) => revokeDerived(change, NOW, { id: sub, orgId, expiresAt }))
  const refuses = (sub: string, orgId: string, iat: number) =>
    createRevocations(store, () => NOW).refuses({ sub, parent: 'tok_1', org_id: orgId, iat })
  return { store, revoke, refuses }
}

test('up to 10,000 access tokens of an organisation are revoked one by one', async () => {
  const { store, revoke, refuses } = await start({ org_1: 9_999 })
  await revoke('acc_new', 'org_1')
  expect(await listRevocations(store, NOW)).toHaveLength(10_000)
  expect(await refuses('acc_new', 'org_1', NOW / 1000)).toBe(true)
  expect(await refuses('acc_other', 'org_1', NOW / 1000 - 5)).toBe(false)
})

test('the next one ends every access token of the organisation instead, audited, and no other', async () => {
  const { store, revoke, refuses } = await start({ org_1: 10_000, org_2: 3 })
  await revoke('acc_new', 'org_1')
  const list = await listRevocations(store, NOW)
  expect(list).toHaveLength(4)
  expect(list.find(({ epoch }) => epoch !== undefined)).toMatchObject({ id: 'org_1', epoch: NOW })
  const past = NOW / 1000 - 5
  expect(await refuses('acc_new', 'org_1', past)).toBe(true)
  expect(await refuses('acc_org_1_7', 'org_1', past)).toBe(true)
  expect(await refuses('acc_org_2_1', 'org_2', past)).toBe(true)
  expect(await refuses('acc_other', 'org_2', past)).toBe(false)
  expect(await listAuditEntries(store, { limit: 1 })).toMatchObject([
    { actor: 'tok_1', action: 'organisation.expire', target: 'org_1' },
  ])
})

test.each([
  ['gives way if it has more than its fair share', 8_500, 'org_1'],
  ['keeps its tokens if it has less: the one with the most gives way', 7_000, 'org_2'],
])('beyond 50,000 of all organisations, the one that revokes %s', async (_, own, expired) => {
  const others = { org_3: 8_500, org_4: 8_000, org_5: 8_000, org_6: 8_000 }
  const counts = { org_1: own, org_2: 9_500, ...others, org_7: 50_000 - 42_000 - own }
  const { store, revoke } = await start(counts)
  await revoke('acc_new', 'org_1')
  const list = await listRevocations(store, NOW)
  expect(list.filter(({ epoch }) => epoch !== undefined)).toMatchObject([{ id: expired }])
  expect(list.some(({ id }) => id.startsWith(`acc_${expired}_`))).toBe(false)
})

test('several at once are within the bounds as well, whoever has to make room for them', async () => {
  const counts = Object.fromEntries(Array.from({ length: 500 }, (_, org) => [`org_${org}`, 100]))
  const { store } = await start(counts)
  const families = Array.from({ length: 90 }, (_, index) => ({ id: `fam_${index}`, expiresAt }))
  await audited(store, entry, (change) => revokeAllDerived(change, NOW, 'org_new', families))
  const list = await listRevocations(store, NOW)
  expect(list.filter(({ epoch }) => epoch === undefined).length).toBeLessThanOrEqual(50_000)
  expect(list.filter(({ epoch }) => epoch !== undefined)).toHaveLength(1)
  const past = { parent: 'grant_a', org_id: 'org_new', iat: NOW / 1000 - 5 }
  const revocations = createRevocations(store, () => NOW)
  expect(await revocations.refuses({ ...past, sub: 'tok_short_1', sid: 'fam_89' })).toBe(true)
}, 60_000)

test('a bound that one organisation makes too little room for ends several', async () => {
  const counts = Object.fromEntries(Array.from({ length: 1_000 }, (_, org) => [`org_${org}`, 50]))
  const { store } = await start(counts)
  // Within its fair share, the one that revokes does not pay.
  const families = Array.from({ length: 49 }, (_, index) => ({ id: `fam_${index}`, expiresAt }))
  await fillOrganisation(store, 'org_more', 45)
  await audited(store, entry, (change) => revokeAllDerived(change, NOW, 'org_new', families))
  const list = await listRevocations(store, NOW)
  const epochs = list.filter(({ epoch }) => epoch !== undefined)
  expect(epochs).toHaveLength(2)
  expect(epochs.some(({ id }) => id === 'org_new')).toBe(false)
  expect(list.length - epochs.length).toBeLessThanOrEqual(50_000)
}, 60_000)

test('a revocation deletes those that no token needs any more', async () => {
  const { store } = await start({ org_1: 5 })
  const later = NOW + 2 * 3600_000
  await audited(store, entry, (change) =>
    revokeDerived(change, later, { id: 'acc_new', orgId: 'org_1', expiresAt: later + 9_000 }),
  )
  const { count } = await store.db
    .selectFrom('revocation')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  expect(count).toBe(1)
})

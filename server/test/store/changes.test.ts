import { describe, expect, test } from 'vitest'
import { createAccount, disableAccount, findAccount } from '../../src/store/accounts.ts'
import { addApiToken, findApiToken, revokeApiToken } from '../../src/store/api-tokens.ts'
import { applyChange, type Change } from '../../src/store/changes.ts'
import { createRevocations, listRevocations } from '../../src/store/revocations.ts'
import { createWatch } from '../../src/store/watch.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const period = { at: NOW, expiresAt: NOW + 60_000 }
const child = { sub: 'tok_short_1', parent: 'tok_1', org_id: 'org_1', iat: NOW / 1000 - 1 }

async function start() {
  const store = await openTestStore()
  const revocations = createRevocations(store, () => NOW)
  expect(await revocations.refuses(child)).toBe(false)
  return { store, revocations }
}

/** Makes the change, and throws before it is committed. */
const failAfter = (run: (change: Change) => Promise<unknown>) => async (change: Change) => {
  await run(change)
  throw new Error('after the change')
}

const CHANGES: readonly [string, (change: Change) => Promise<void>][] = [
  ['revokes the token', (change) => change.revoke('tok_short_1', period)],
  ['revokes its subject token', (change) => change.revoke('tok_1', period)],
  ['revokes its organisation', (change) => change.revoke('org_1', period)],
  ['raises the epoch of its subject token', (change) => change.raiseEpoch('tok_1', period)],
  ['raises the epoch of its organisation', (change) => change.raiseEpoch('org_1', period)],
]

describe.each(CHANGES)('a change that %s', (_, run) => {
  test('is known to this process at once, without reading the store', async () => {
    const { store, revocations } = await start()
    await applyChange(store, run)
    expect(revocations.peek(child)).toBe(true)
    expect(await revocations.refuses(child)).toBe(true)
  })

  test('and fails leaves nothing, neither in the store nor in the memory of the process', async () => {
    const { store, revocations } = await start()
    await expect(applyChange(store, failAfter(run))).rejects.toThrow('after the change')
    expect(revocations.peek(child)).toBe(false)
    expect(await listRevocations(store, NOW)).toEqual([])
    expect(await createRevocations(store, () => NOW).refuses(child)).toBe(false)
  })
})

test('an epoch never falls, whichever of two changes commits last', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const raise = (at: number) => (change: Change) =>
    change.raiseEpoch('org_1', { at, expiresAt: at + 60_000 })
  await applyChange(other, raise(NOW + 1_000))
  await applyChange(store, raise(NOW))
  const justIssued = { ...child, iat: NOW / 1000 }
  for (const one of [store, other, await openTestStore(folder)])
    expect(await createRevocations(one, () => NOW).refuses(justIssued)).toBe(true)
  await applyChange(store, raise(NOW + 2_000))
  const later = { ...child, iat: NOW / 1000 + 1 }
  expect(await createRevocations(other, () => NOW).refuses(later)).toBe(true)
})

test('a change is visible to other connections as a whole, once it is committed', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  await applyChange(store, async (change) => {
    await createAccount(change, 'a', NOW)
    await disableAccount({ ...change, audit: async () => undefined }, 'a', NOW)
    expect(await findAccount(other, 'a')).toBeUndefined()
    expect(await listRevocations(other, NOW)).toEqual([])
  })
  const account = await findAccount(other, 'a')
  expect(account).toMatchObject({ disabledAt: NOW })
  expect(await listRevocations(other, NOW)).toMatchObject([
    // What was issued before stays refused if the account is enabled again.
    { id: account?.orgId, epoch: NOW },
    { id: account?.orgId, epoch: undefined },
  ])
})

test('a token that was not found is not remembered as revoked', async () => {
  const { store, revocations } = await start()
  expect(await applyChange(store, (change) => revokeApiToken(change, 'tok_1', NOW))).toBe(false)
  expect(await revocations.refuses(child)).toBe(false)
})

test('revoking again changes nothing', async () => {
  const store = await openTestStore()
  await createAccount(store, 'a', NOW)
  await addApiToken(store, {
    id: 'tok_1',
    account: 'a',
    format: 'jwt',
    note: '',
    scopes: '',
    allowed_urls: '[]',
    created_at: NOW,
    modified_at: NOW,
    last_used_at: null,
    expires_at: NOW + 60_000,
    revoked_at: null,
  })
  for (const at of [NOW, NOW + 1])
    expect(await applyChange(store, (change) => revokeApiToken(change, 'tok_1', at))).toBe(true)
  expect(await findApiToken(store, 'tok_1')).toMatchObject({ revoked_at: NOW, modified_at: NOW })
})

test('thousands are revoked in a few queries, each at a position of its own, and then refused', async () => {
  let queries = 0
  const store = await openTestStore(makeDataFolder(), { log: () => queries++ })
  const revocations = createRevocations(store, () => NOW)
  expect(await revocations.refuses(child)).toBe(false)
  await applyChange(store, (change) => change.revoke('tok_0', period))
  const ids = Array.from({ length: 3_000 }, (_, index) => `tok_${index + 1}`)
  queries = 0
  await applyChange(store, (change) =>
    change.revokeAll(
      NOW,
      // Other changes may have revoked some of them.
      ['tok_0', ...ids].map((id) => ({ id, expiresAt: NOW + 60_000 })),
    ),
  )
  expect(queries).toBeLessThan(10)
  await applyChange(store, (change) => change.revoke('tok_later', period))
  const list = await listRevocations(store, NOW)
  expect(list.map(({ id }) => id)).toEqual(['tok_0', ...ids, 'tok_later'])
  expect(new Set(list.map(({ seq }) => seq)).size).toBe(3_002)
  for (const view of [revocations, createRevocations(store, () => NOW)])
    for (const id of ['tok_1', 'tok_1500', 'tok_3000'])
      expect(await view.refuses({ sub: id, iat: child.iat })).toBe(true)
})

test('thousands that are revoked by a change that fails are refused neither here nor elsewhere', async () => {
  const { store, revocations } = await start()
  const all = Array.from({ length: 3_000 }, (_, index) => ({
    id: `tok_${index}`,
    expiresAt: NOW + 9,
  }))
  await expect(
    applyChange(
      store,
      failAfter((change) => change.revokeAll(NOW, all)),
    ),
  ).rejects.toThrow('after the change')
  expect(await revocations.refuses(child)).toBe(false)
  expect(await listRevocations(store, NOW)).toEqual([])
})

test('revoking none of them takes no position and no lock', async () => {
  let queries = 0
  const store = await openTestStore(makeDataFolder(), { log: () => queries++ })
  queries = 0
  await applyChange(store, async (change) => {
    await change.revokeAll(NOW, [])
    expect(queries).toBeLessThan(2)
  })
})

test('ending an account with thousands of tokens holds nobody up: a few queries end all of them', async () => {
  let queries = 0
  const store = await openTestStore(makeDataFolder(), { log: () => queries++ })
  await createAccount(store, 'a', NOW)
  const details = { account: 'a', format: 'jwt' as const, note: '', scopes: '', allowed_urls: '[]' }
  const times = { created_at: NOW, modified_at: NOW, last_used_at: null, revoked_at: null }
  const rows = Array.from({ length: 3_000 }, (_, index) => ({
    ...{ id: `tok_${index}`, expires_at: NOW + 60_000, ...details, ...times },
  }))
  while (rows.length > 0)
    await store.db.insertInto('api_token').values(rows.splice(0, 1_000)).execute()
  queries = 0
  await applyChange(store, (change) =>
    disableAccount({ ...change, audit: async () => undefined }, 'a', NOW),
  )
  expect(queries).toBeLessThan(30)
  const revocations = createRevocations(store, () => NOW)
  for (const id of ['tok_0', 'tok_2999']) {
    expect(await revocations.isRevoked(id)).toBe(true)
    expect(await findApiToken(store, id)).toMatchObject({ revoked_at: NOW })
  }
})

test('a committed change with noteWrite() makes the views of this process load again', async () => {
  const store = await openTestStore()
  let loads = 0
  const watch = createWatch(store, async () => {
    loads++
  })
  await watch.update()
  await expect(
    applyChange(
      store,
      failAfter(async (change) => change.noteWrite()),
    ),
  ).rejects.toThrow()
  expect([watch.isCurrent(), loads]).toEqual([true, 1])
  await applyChange(store, async (change) => change.noteWrite())
  await expect.poll(() => watch.isCurrent()).toBe(false)
  await watch.update()
  expect([watch.isCurrent(), loads]).toEqual([true, 2])
})

test('a revocation by this process that another one lifts is lifted here, and a later one is not', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const revocations = createRevocations(store, () => NOW)
  await applyChange(store, (change) => change.revoke('org_1', period))
  expect(await revocations.isRevoked('org_1')).toBe(true)
  await applyChange(other, (change) => change.lift('org_1', NOW))
  await expect.poll(() => revocations.isRevoked('org_1')).toBe(false)
  await applyChange(other, (change) => change.revoke('org_1', period))
  await applyChange(other, (change) => change.lift('org_1', NOW))
  await applyChange(store, (change) => change.revoke('org_1', period))
  for (const one of [store, other, await openTestStore(folder)])
    expect(await createRevocations(one, () => NOW).isRevoked('org_1')).toBe(true)
  expect(await revocations.isRevoked('org_1')).toBe(true)
})

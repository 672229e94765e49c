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

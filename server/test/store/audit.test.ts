import { expect, test } from 'vitest'
import { createAccount, findAccount } from '../../src/store/accounts.ts'
import { audited, listAuditEntries } from '../../src/store/audit.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const entry = { at: NOW, actor: 'cli', action: 'account.create', target: 'a' }
const period = { at: NOW, expiresAt: NOW + 60_000 }

test('a change and its audit entry become visible together', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const look = async () => [
    (await findAccount(other, 'a'))?.name,
    (await listAuditEntries(other, { limit: 9 })).length,
  ]
  await audited(store, entry, async (change) => {
    // The entry comes first: with it the change can be explained, whatever happens.
    expect(await listAuditEntries(change, { limit: 9 })).toMatchObject([entry])
    await createAccount(change, 'a', NOW)
    expect(await look()).toEqual([undefined, 0])
  })
  expect(await look()).toEqual(['a', 1])
})

test('a change that fails leaves neither entry nor change nor memory', async () => {
  const store = await openTestStore()
  const revocations = createRevocations(store, () => NOW)
  const change = audited(store, entry, async (change) => {
    await createAccount(change, 'a', NOW)
    await change.revoke('tok_1', period)
    throw new Error('too late')
  })
  await expect(change).rejects.toThrow('too late')
  expect(await findAccount(store, 'a')).toBeUndefined()
  expect(await listAuditEntries(store, { limit: 9 })).toEqual([])
  expect(await revocations.isRevoked('tok_1')).toBe(false)
})

test('concurrent changes of one process take turns', async () => {
  const store = await openTestStore()
  const names = Array.from({ length: 20 }, (_, index) => `a${index}`)
  await Promise.all(
    names.map((name) =>
      audited(store, { ...entry, target: name }, (change) => createAccount(change, name, NOW)),
    ),
  )
  const targets = (await listAuditEntries(store, { limit: 99 })).map(({ target }) => target)
  expect(targets.sort()).toEqual(names.sort())
})

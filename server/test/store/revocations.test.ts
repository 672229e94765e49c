import { expect, test } from 'vitest'
import { applyChange } from '../../src/store/changes.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const token = { sub: 'tok_1', org_id: 'org_1', iat: NOW / 1000 }
const period = { at: NOW, expiresAt: NOW + 60_000 }

test('peek gives no answer before the first load', async () => {
  const revocations = createRevocations(await openTestStore(), () => NOW)
  expect(revocations.peek(token)).toBeUndefined()
  expect(await revocations.refuses(token)).toBe(false)
  expect(revocations.peek(token)).toBe(false)
})

test('T16: a revocation by another process is noticed within 1 s, with and without waiting', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const revocations = createRevocations(store, () => NOW)
  expect(await revocations.refuses(token)).toBe(false)
  await applyChange(other, (change) => change.revoke('tok_1', period))
  const revokedAt = performance.now()
  await expect.poll(() => revocations.peek(token), { interval: 5 }).not.toBe(false)
  expect(performance.now() - revokedAt).toBeLessThan(1_000)
  expect(await revocations.refuses(token)).toBe(true)
  expect(revocations.peek(token)).toBe(true)
})

test('an epoch ends what came from its id and was issued before, and nothing else', async () => {
  const store = await openTestStore()
  const revocations = createRevocations(store, () => NOW)
  await applyChange(store, (change) => change.raiseEpoch('org_1', period))
  const child = { ...token, sub: 'tok_short_1', parent: 'tok_1' }
  expect(await revocations.refuses({ ...child, iat: NOW / 1000 - 1 })).toBe(true)
  expect(await revocations.refuses(child)).toBe(false)
  expect(await revocations.refuses({ ...token, iat: NOW / 1000 - 1 })).toBe(false)
})

test('G5: revocations that cannot be read are an error, never an answer', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const revocations = createRevocations(store, () => NOW)
  expect(await revocations.refuses(token)).toBe(false)
  await other.db.schema.dropTable('revocation').execute()
  await expect.poll(() => revocations.peek(token)).toBeUndefined()
  await expect(revocations.refuses(token)).rejects.toThrow(/no such table|does not exist/)
  expect(revocations.peek(token)).toBeUndefined()
})

test('revocations of a database that lacks the last ones, after a failover or a restore, are noticed', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const revocations = createRevocations(store, () => NOW)
  for (const id of ['kept', 'lost_1', 'lost_2'])
    await applyChange(other, (change) => change.revoke(id, period))
  expect(await revocations.isRevoked('lost_2')).toBe(true)
  await other.db.deleteFrom('revocation').where('id', 'like', 'lost%').execute()
  await other.db.updateTable('revocation_sequence').set({ value: 1 }).execute()
  await applyChange(other, (change) => change.revoke('new', period))
  await expect.poll(() => revocations.isRevoked('new')).toBe(true)
  expect(await revocations.isRevoked('kept')).toBe(true)
  expect(await revocations.isRevoked('lost_1')).toBe(false)
})

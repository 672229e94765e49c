import { expect, test } from 'vitest'
import { findAccount } from '../../src/store/accounts.ts'
import { applyChange } from '../../src/store/changes.ts'
import { StoreBusyError } from '../../src/store/errors.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'
import { findDatabaseUrl } from '../support/test-location.ts'

const POOL_SIZE = 4

/** Takes every connection that requests can have. @returns Gives them back. */
async function takeAll(store: Store): Promise<() => Promise<unknown>> {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const begun: Promise<void>[] = []
  const transactions = Array.from({ length: POOL_SIZE - 1 }, () => {
    let begin = () => {}
    begun.push(
      new Promise((resolve) => {
        begin = resolve
      }),
    )
    return store.db.transaction().execute(async () => {
      begin()
      await held
    })
  })
  await Promise.all(begun)
  return () => {
    release()
    return Promise.all(transactions)
  }
}

test('F7: while requests take every connection, revocations arrive and others get their 503 within 2 s', async () => {
  const folder = makeDataFolder()
  const other = await openTestStore(folder)
  const databaseUrl = await findDatabaseUrl(folder)
  const store = await openStore({ data: '', databaseUrl, poolSize: POOL_SIZE }, { patience: 1_000 })
  const revocations = createRevocations(store, () => NOW)
  expect(await revocations.isRevoked('tok_1')).toBe(false)
  const giveBack = await takeAll(store)
  const startedAt = performance.now()
  const refused = findAccount(store, 'a').then(
    () => undefined,
    (error: unknown) => ({ error, after: performance.now() - startedAt }),
  )
  await applyChange(other, (change) => change.revoke('tok_1', { at: NOW, expiresAt: NOW + 60_000 }))
  await expect.poll(() => revocations.isRevoked('tok_1'), { timeout: 2_000 }).toBe(true)
  const { error, after = 0 } = (await refused) ?? {}
  expect(error).toBeInstanceOf(StoreBusyError)
  expect(after).toBeLessThan(2_000)
  await giveBack()
  expect(await findAccount(store, 'a')).toBeUndefined()
  await store.close()
})

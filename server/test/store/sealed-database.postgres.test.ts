import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createSecretKey, loadSecretKeys } from '../../src/issuer/secret-keys.ts'
import { createSigningKey } from '../../src/issuer/signing-keys.ts'
import { applyChange } from '../../src/store/changes.ts'
import type { Store } from '../../src/store/open.ts'
import { resealAll } from '../../src/store/reseal.ts'
import { isSealed } from '../../src/store/seal.ts'
import { listStoredSecrets } from '../../src/store/sealed-columns.ts'
import { addSecretKey } from '../../src/store/secret-keys.ts'
import { settleSealing } from '../../src/store/settle-sealing.ts'
import { makeDataFolder, NOW, runCommand } from '../support/broker-under-test.ts'
import { DATABASE_KEY, makeSealingKey } from '../support/sealing-keys.ts'
import { openTestStore } from '../support/store-under-test.ts'

const [KEY, NEXT] = [makeSealingKey(DATABASE_KEY), makeSealingKey(1)]

const settle = (store: Store, mayBegin = true) =>
  settleSealing(store, { keys: [KEY], mayBegin, now: NOW })
const plant = async ({ db }: Store) => {
  await sql`delete from secret_key`.execute(db)
  await sql`delete from signing_key`.execute(db)
  await db
    .insertInto('signing_key')
    .values(await createSigningKey(NOW, NOW))
    .execute()
}

describe('one plain key in the place of all sealed ones', () => {
  test('is refused by servers and commands, and by a rotation of the secret key', async () => {
    const folder = makeDataFolder()
    const store = await openTestStore(folder)
    await settle(store)
    await loadSecretKeys(store, 'refresh', NOW)
    await plant(store)
    const before = await listStoredSecrets(store)
    for (const mayBegin of [true, false])
      await expect(settle(store, mayBegin)).rejects.toThrow('is not sealed, but this store is')
    const { code, error } = await runCommand(folder, ['secret-key', 'rotate'])
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('is not sealed') })
    expect(await listStoredSecrets(store)).toEqual(before)
  })

  test('is not sealed by a start without the note that the store was sealed either', async () => {
    const store = await openTestStore()
    await plant(store)
    const before = await listStoredSecrets(store)
    for (const mayBegin of [true, false])
      await expect(settle(store, mayBegin)).rejects.toThrow('tilepass secret-key rotate')
    expect(await listStoredSecrets(store)).toEqual(before)
  })

  test('is sealed by the command, if the store was never sealed before', async () => {
    const folder = makeDataFolder()
    const store = await openTestStore(folder)
    await plant(store)
    expect(await runCommand(folder, ['secret-key', 'rotate'])).toMatchObject({ code: 0 })
    expect((await listStoredSecrets(store)).map(({ value }) => isSealed(value))).toEqual([true])
    expect(await settle(store)).toEqual({ begun: 0, isPurgePending: false })
  })
})

test('a key that is made while everything is sealed again is sealed again as well', async () => {
  const folder = makeDataFolder()
  const [store, command] = [await openTestStore(folder), await openTestStore(folder)]
  await settle(store)
  let resealing: Promise<unknown> = Promise.resolve()
  await applyChange(store, async (change) => {
    await addSecretKey(change, createSecretKey('refresh', NOW))
    resealing = resealAll(command, [NEXT, KEY], NOW)
    // Until it waits for this change, or has ended without.
    const isWaiting = async () => {
      const { rows } = await sql`select 1 from pg_locks where not granted`.execute(store.db)
      return rows.length > 0 || (await Promise.race([resealing.then(() => true), false]))
    }
    await expect.poll(isWaiting, { interval: 5 }).toBe(true)
  })
  await resealing
  expect((await listStoredSecrets(store)).map(({ value }) => value.includes(NEXT.id))).toEqual([
    true,
  ])
})

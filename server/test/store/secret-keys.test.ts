import { expect, test } from 'vitest'
import { createSecretKey, loadSecretKeys } from '../../src/issuer/secret-keys.ts'
import { applyChange } from '../../src/store/changes.ts'
import { addSecretKey, listSecretKeyRows, retireSecretKey } from '../../src/store/secret-keys.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

test('of two rotations that have read the same key, one changes it', async () => {
  const store = await openTestStore()
  const key = createSecretKey('refresh', NOW)
  await applyChange(store, (change) => addSecretKey(change, key))
  const retire = () => applyChange(store, (change) => retireSecretKey(change, key.id, NOW, null))
  expect([await retire(), await retire()]).toEqual([true, false])
  const next = () =>
    applyChange(store, (change) => addSecretKey(change, createSecretKey('refresh', NOW)))
  expect([await next(), await next()]).toEqual([true, false])
  expect((await listSecretKeyRows(store, 'refresh')).map(({ replaced_at: at }) => at)).toEqual([
    null,
    NOW,
  ])
})

test('a key verifies until its end, and the one that signs comes first', async () => {
  const store = await openTestStore()
  const old = { ...createSecretKey('device', NOW), replaced_at: NOW, ends_at: NOW + 1_000 }
  const current = createSecretKey('device', NOW)
  await applyChange(store, (change) => addSecretKey(change, old))
  await applyChange(store, (change) => addSecretKey(change, current))
  const load = async (at: number) =>
    (await loadSecretKeys(store, 'device', at)).all.map((key) =>
      Buffer.from(key).toString('base64url'),
    )
  expect(await load(NOW + 999)).toEqual([current.secret, old.secret])
  expect(await load(NOW + 1_000)).toEqual([current.secret])
})

test('two concurrent first runs agree on a secret key', async () => {
  const store = await openTestStore()
  const [one, two] = await Promise.all([
    loadSecretKeys(store, 'mapbox', NOW),
    loadSecretKeys(store, 'mapbox', NOW),
  ])
  expect(one.all).toEqual(two.all)
  expect(one.all).toHaveLength(1)
})

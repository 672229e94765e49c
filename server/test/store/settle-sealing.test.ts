import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSecretKey, loadSecretKeys } from '../../src/issuer/secret-keys.ts'
import { createSigningKey, loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { listAuditEntries } from '../../src/store/audit.ts'
import { applyChange, type Change } from '../../src/store/changes.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import { notePurge } from '../../src/store/purge.ts'
import { resealAll } from '../../src/store/reseal.ts'
import { isSealed } from '../../src/store/seal.ts'
import { listStoredSecrets } from '../../src/store/sealed-columns.ts'
import type { SealingKey } from '../../src/store/sealing-key.ts'
import { addSecretKey, listSecretKeyRows } from '../../src/store/secret-keys.ts'
import { settleSealing } from '../../src/store/settle-sealing.ts'
import { listSigningKeyRows, replaceSigningKeys } from '../../src/store/signing-keys.ts'
import { copyKeyedFolder, makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { findFilesWith, listPlainSecrets } from '../support/sealed-folder.ts'
import { makeSealingKey } from '../support/sealing-keys.ts'
import { openTestStore } from '../support/store-under-test.ts'

const [ONE, TWO, THREE] = [makeSealingKey(1), makeSealingKey(2), makeSealingKey(3)]

const settle = (store: Store, ...keys: readonly SealingKey[]) =>
  settleSealing(store, { keys, mayBegin: true, now: NOW })

async function open(folder: string, ...keys: readonly SealingKey[]): Promise<Store> {
  const store = await openTestStore(folder)
  await settle(store, ...keys)
  return store
}

/** A plain store with keys of every kind. @returns its folder and its secrets */
async function fillPlain() {
  const folder = await copyKeyedFolder()
  const store = await openStore({ data: folder }, { patience: 1_000 })
  for (const purpose of ['mapbox', 'refresh', 'device'] as const)
    await loadSecretKeys(store, purpose, NOW)
  const secrets = await listPlainSecrets(store)
  const rows = {
    signing: await listSigningKeyRows(store),
    mapbox: await listSecretKeyRows(store, 'mapbox'),
  }
  await store.close()
  return { folder, secrets, rows }
}

const isEverySealed = async (store: Store) =>
  (await listStoredSecrets(store)).every(({ value }) => isSealed(value))

describe('a start with a key on a plain store', () => {
  test('seals every secret, which reads as before, and audits it', async () => {
    const { folder, rows } = await fillPlain()
    const store = await openTestStore(folder)
    expect(await settle(store, ONE, TWO)).toEqual({ begun: 4, isPurgePending: false })
    expect(await isEverySealed(store)).toBe(true)
    expect(await listSigningKeyRows(store)).toEqual(rows.signing)
    expect(await listSecretKeyRows(store, 'mapbox')).toEqual(rows.mapbox)
    expect(await listAuditEntries(store, { limit: 1 })).toEqual([
      expect.objectContaining({
        ...{ actor: 'broker', action: 'secret-key.seal', target: ONE.id, detail: '4 secrets' },
      }),
    ])
    expect(await settle(store, ONE)).toEqual({ begun: 0, isPurgePending: false })
  })

  test('leaves no plain secret in the bytes of any file, of keys that were deleted before neither', async () => {
    const { folder, secrets } = await fillPlain()
    const plain = await openStore({ data: folder }, { patience: 1_000 })
    const key = await createSigningKey(NOW, NOW)
    await applyChange(plain, (change) => replaceSigningKeys(change, [], key))
    const deleted: { d: string } = JSON.parse(key.private_jwk)
    await applyChange(plain, (change) => replaceSigningKeys(change, [key.kid], undefined))
    // Proof that the search finds what is there.
    expect(findFilesWith(folder, [deleted.d])).not.toEqual([])
    expect(findFilesWith(folder, secrets)).not.toEqual([])
    await plain.close()

    const store = await open(folder, ONE)
    expect(findFilesWith(folder, [...secrets, deleted.d])).toEqual([])
    await store.close()
    expect(findFilesWith(folder, [...secrets, deleted.d])).toEqual([])
  })

  test('purges the file at the next start if it was killed in between', async () => {
    const { folder, secrets } = await fillPlain()
    const store = await open(folder, ONE)
    await sql`create table remains (text text)`.execute(store.db)
    for (const secret of secrets)
      await sql`insert into remains values (${secret})`.execute(store.db)
    await sql`drop table remains`.execute(store.db)
    expect(findFilesWith(folder, secrets)).not.toEqual([])
    await applyChange(store, notePurge)
    await open(folder, ONE)
    expect(findFilesWith(folder, secrets)).toEqual([])
  })

  test('says that the purge waits for a reader', async () => {
    const { folder, secrets } = await fillPlain()
    const reader = await openTestStore(folder)
    const store = await openStore({ data: folder }, { patience: 50 })
    onTestFinished(() => store.close())
    await reader.db.transaction().execute(async (transaction) => {
      await sql`commit`.execute(transaction)
      await sql`begin deferred`.execute(transaction)
      await sql`select count(*) from signing_key`.execute(transaction)
      expect(await settle(store, ONE)).toEqual({ begun: 4, isPurgePending: true })
    })
    expect(await settle(store, ONE)).toEqual({ begun: 0, isPurgePending: false })
    expect(findFilesWith(folder, secrets)).toEqual([])
  })

  test('that fails half-way leaves every secret as it was', async () => {
    const { folder, rows } = await fillPlain()
    const store = await openTestStore(folder)
    const before = await listStoredSecrets(store)
    await sql`create trigger stop before update on secret_key when old.purpose = 'refresh'
      begin select raise(abort, 'stopped'); end`.execute(store.db)
    await expect(settle(store, ONE)).rejects.toThrow('stopped')
    expect(await listStoredSecrets(store)).toEqual(before)
    await sql`drop trigger stop`.execute(store.db)
    expect(await settle(store, ONE)).toEqual({ begun: 4, isPurgePending: false })
    expect(await listSigningKeyRows(store)).toEqual(rows.signing)
  })

  test('is not made by a command, whose writes stay plain', async () => {
    const { folder } = await fillPlain()
    const store = await openTestStore(folder)
    const options = { keys: [ONE], mayBegin: false, now: NOW }
    expect(await settleSealing(store, options)).toEqual({ begun: 0, isPurgePending: false })
    await applyChange(store, async (change) => {
      await sql`delete from secret_key where purpose = 'device'`.execute(change.db)
      await addSecretKey(change, createSecretKey('device', NOW))
    })
    expect((await listStoredSecrets(store)).some(({ value }) => isSealed(value))).toBe(false)
  })
})

test('an empty store is sealed from its first key on', async () => {
  const folder = makeDataFolder()
  const stores = await Promise.all([open(folder, ONE), open(folder, ONE)])
  const keys = await Promise.all(stores.map((store) => loadSigningKeys(store, NOW)))
  expect(keys[0]?.keyId).toBe(keys[1]?.keyId)
  expect(await isEverySealed(stores[0])).toBe(true)
  const secrets = await listPlainSecrets(stores[0])
  expect(secrets).toHaveLength(2)
  expect(findFilesWith(folder, secrets)).toEqual([])
})

describe('a store that does not open', () => {
  const dump = async (store: Store) => ({
    secrets: await listStoredSecrets(store),
    settings: await store.db.selectFrom('setting').selectAll().execute(),
    audit: await listAuditEntries(store, { limit: 100 }),
  })

  /** @param spoil What happens to it after it was sealed. */
  async function start(spoil: (store: Store) => Promise<unknown>, ...keys: readonly SealingKey[]) {
    const { folder } = await fillPlain()
    const first = await open(folder, ONE)
    await spoil(first)
    const before = await dump(first)
    const store = await openTestStore(folder)
    const error: unknown = await settle(store, ...keys).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'SealedStoreError', status: 503 })
    expect(await dump(store)).toEqual(before)
    return String(error)
  }
  const nothing = async () => undefined

  test('without a key says which variable to set', async () => {
    expect(await start(nothing)).toMatch(/TILEPASS_SECRET_KEY or TILEPASS_SECRET_KEY_FILE/)
  })

  test('with other keys names the key that is missing and those that there are', async () => {
    const message = await start(nothing, TWO, THREE)
    for (const { id } of [ONE, TWO, THREE]) expect(message).toContain(id)
  })

  test('with a secret of another row says that it was moved', async () => {
    const copy = (store: Store) =>
      sql`update secret_key set secret = (select secret from secret_key where purpose = 'mapbox')
        where purpose = 'refresh'`.execute(store.db)
    expect(await start(copy, ONE)).toMatch(/refresh\.[0-9a-f]+" was altered, or moved/)
  })

  test('with a plain secret among sealed ones says that it was put there', async () => {
    const plant = (store: Store) =>
      sql`update signing_key set private_jwk = '{"kty":"RSA"}'`.execute(store.db)
    expect(await start(plant, ONE)).toMatch(/is not sealed, but this store is/)
  })

  test.each([
    ['with its key', [ONE], /is not sealed, but this store is/],
    ['without it', [], /there is no key/],
  ])(
    'because one plain key took the place of all sealed ones is refused %s',
    async (_, keys, message) => {
      const replace = async ({ db }: Store) => {
        await sql`delete from secret_key`.execute(db)
        await sql`update signing_key set private_jwk = '{"kty":"RSA"}'`.execute(db)
      }
      expect(await start(replace, ...keys)).toMatch(message)
    },
  )
})

test('a plain secret that appears while a server runs is refused', async () => {
  const { folder } = await fillPlain()
  const store = await open(folder, ONE)
  const key = await createSigningKey(NOW, NOW)
  await store.db.insertInto('signing_key').values(key).execute()
  await expect(listSigningKeyRows(store)).rejects.toThrow('is not sealed')
})

test('a server without a key adds no plain secret to a store that another one has sealed', async () => {
  const { folder } = await fillPlain()
  const server = await openTestStore(folder)
  await settle(server)
  await open(folder, ONE)
  const [signing, secret] = [await createSigningKey(NOW, NOW), createSecretKey('device', NOW)]
  for (const add of [
    (change: Change): Promise<unknown> => replaceSigningKeys(change, [], signing),
    (change: Change): Promise<unknown> => addSecretKey(change, { ...secret, replaced_at: NOW }),
  ])
    await expect(applyChange(server, add)).rejects.toThrow('there is no key')
})

describe('sealing everything again', () => {
  test('leaves nothing that the key before opens; servers that have both go on', async () => {
    const { folder, rows } = await fillPlain()
    const server = await open(folder, ONE, TWO)
    const command = await openTestStore(folder)
    const before = (await listStoredSecrets(server)).map(({ value }) => value)
    expect(await resealAll(command, [TWO, ONE], NOW)).toEqual({ replaced: 4, plain: 0 })
    expect(await listSigningKeyRows(server)).toEqual(rows.signing)
    const after = await listStoredSecrets(server)
    expect(after.every(({ value }) => value.includes(TWO.id))).toBe(true)
    await open(folder, TWO)
    await expect(open(folder, ONE)).rejects.toThrow(TWO.id)
    expect(findFilesWith(folder, before)).toEqual([])
    expect(await listAuditEntries(server, { limit: 1 })).toEqual([
      expect.objectContaining({ actor: 'cli', action: 'secret-key.rotate', target: TWO.id }),
    ])
  })

  test('changes nothing if one secret does not open', async () => {
    const { folder } = await fillPlain()
    const store = await open(folder, ONE)
    await sql`update secret_key set secret = secret || 'A' where purpose = 'refresh'`.execute(
      store.db,
    )
    const before = await listStoredSecrets(store)
    await expect(resealAll(store, [TWO, ONE], NOW)).rejects.toThrow('was altered')
    expect(await listStoredSecrets(store)).toEqual(before)
  })

  test('refuses a plain secret among sealed ones, or in the place of all of them', async () => {
    const { folder, rows } = await fillPlain()
    const store = await open(folder, ONE)
    const [row] = rows.mapbox
    await sql`update secret_key set secret = ${row?.secret} where purpose = 'mapbox'`.execute(
      store.db,
    )
    await expect(resealAll(store, [ONE], NOW)).rejects.toThrow('is not sealed, but this store is')
    await sql`delete from signing_key`.execute(store.db)
    await sql`delete from secret_key where purpose <> 'mapbox'`.execute(store.db)
    await expect(resealAll(store, [ONE], NOW)).rejects.toThrow('is not sealed, but this store is')
  })
})

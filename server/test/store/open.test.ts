import { statSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StoreUnavailableError } from '../../src/index.ts'
import { settleByFirstRun } from '../../src/issuer/identity.ts'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { createAccount, findAccount } from '../../src/store/accounts.ts'
import { migrate } from '../../src/store/migrations.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openStoreOf } from '../support/store-under-test.ts'
import { chooseTemplate, onPostgres } from '../support/test-location.ts'

async function open(folder: string, busyTimeout = 1_000) {
  const store = await openStoreOf(folder, { patience: busyTimeout })
  onTestFinished(() => store.close())
  return store
}

test.skipIf(onPostgres)('the folder is 0700 and every file in it 0600', async () => {
  const folder = join(makeDataFolder(), 'data')
  const store = await open(folder)
  await createAccount(store, 'a', NOW)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const name of ['tilepass.db', 'tilepass.db-wal', 'tilepass.db-shm'])
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
})

test.skipIf(onPostgres)('every commit is synced, and foreign keys are enforced', async () => {
  const { db } = await open(makeDataFolder())
  const pragma = async (name: string) =>
    Object.values((await sql.raw(`PRAGMA ${name}`).execute(db)).rows[0] ?? {})[0]
  expect(await pragma('journal_mode')).toBe('wal')
  expect(await pragma('synchronous')).toBe(2)
  expect(await pragma('foreign_keys')).toBe(1)
})

describe('migrations', () => {
  test('run again without effect, and by two processes at once', async () => {
    const folder = makeDataFolder()
    chooseTemplate(folder, 'empty')
    const stores = await Promise.all([open(folder), open(folder), open(folder)])
    for (const { db, kind } of stores) await migrate(db, { dialect: kind })
    const { rows } = await sql`select version from schema_version`.execute(stores[0].db)
    expect(rows).toEqual(rows.map((_, index) => ({ version: index + 1 })))
    expect(rows.length).toBeGreaterThan(1)
  })

  test('of a newer version are an error', async () => {
    const folder = makeDataFolder()
    const store = await open(folder)
    await sql`insert into schema_version (version) values (99)`.execute(store.db)
    await expect(openStoreOf(folder)).rejects.toThrow('newer version')
  })
})

test.skipIf(onPostgres)('a locked store is unavailable until it is unlocked', async () => {
  const folder = makeDataFolder()
  const store = await open(folder, 50)
  const other = await openSqlite(join(folder, 'tilepass.db'), 50)
  other.prepare('begin').run([])
  await expect(createAccount(store, 'a', NOW)).rejects.toThrow(StoreUnavailableError)
  other.prepare('rollback').run([])
  other.close()
  await expect(createAccount(store, 'a', NOW)).resolves.toMatchObject({ name: 'a' })
})

test.skipIf(onPostgres)('F4: only the first request waits for a lock that stays', async () => {
  const folder = makeDataFolder()
  const store = await open(folder, 400)
  const other = await openSqlite(join(folder, 'tilepass.db'), 50)
  const tryAll = async (names: readonly string[]) => {
    other.prepare('begin').run([])
    const begun = performance.now()
    for (const name of names)
      await expect(createAccount(store, name, NOW)).rejects.toThrow(StoreUnavailableError)
    other.prepare('rollback').run([])
    return performance.now() - begun
  }
  expect(await tryAll(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])).toBeLessThan(2_000)
  await createAccount(store, 'k', NOW)
  // The lock was free since, so a request waits for it again.
  expect(await tryAll(['l'])).toBeGreaterThan(300)
  other.close()
})

test.skipIf(onPostgres)(
  'a transaction that SQLite has ended by itself fails with what ended it',
  async () => {
    const { db } = await open(makeDataFolder())
    const insert = (name: string) => sql`insert or rollback into setting values (${name}, '')`
    await insert('a').execute(db)
    const failing = db.transaction().execute((transaction) => insert('a').execute(transaction))
    await expect(failing).rejects.toThrow('UNIQUE constraint failed')
    await db.transaction().execute((transaction) => insert('b').execute(transaction))
  },
)

test('a text with NUL does not find the row named like its beginning', async () => {
  const store = await open(makeDataFolder())
  await createAccount(store, 'a', NOW)
  expect(await findAccount(store, 'a\0b')).toBeUndefined()
  expect(await findAccount(store, 'a')).toMatchObject({ name: 'a' })
})

test('two concurrent first runs agree on key and issuer', async () => {
  const folder = makeDataFolder()
  const stores = await Promise.all([open(folder), open(folder)])
  const keys = await Promise.all(stores.map((store) => loadSigningKeys(store, NOW)))
  expect(keys[0]?.keyId).toBe(keys[1]?.keyId)
  const urls = ['http://one', 'http://two']
  const issuers = await Promise.all(
    stores.map((store, index) => settleByFirstRun(store, urls[index] ?? '')),
  )
  expect(issuers[0]).toBe(issuers[1])
})

test('T10: the key set has public members only, and unique kids', async () => {
  const { jwks } = await loadSigningKeys(await open(makeDataFolder()), NOW)
  expect(jwks.keys.map((key) => Object.keys(key).sort())).toEqual([
    ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  ])
  expect(new Set(jwks.keys.map(({ kid }) => kid)).size).toBe(jwks.keys.length)
})

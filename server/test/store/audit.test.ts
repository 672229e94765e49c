import { join } from 'node:path'
import { Kysely, SqliteDialect, sql } from 'kysely'
import { expect, test } from 'vitest'
import { createAccount, findAccount } from '../../src/store/accounts.ts'
import { addAuditEntry, audited, countAuditEntry, listAuditEntries } from '../../src/store/audit.ts'
import { migrate } from '../../src/store/migrations.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import type { Tables } from '../../src/store/schema.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'
import { onPostgres } from '../support/test-location.ts'

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

test('events of a minute that differ only in their request share an entry', async () => {
  const store = await openTestStore()
  const from = (requestId: string, address = '192.0.2.1') => ({ requestId, address })
  const failure = { at: NOW, actor: 'anonymous', action: 'session.fail', target: 'city' }
  for (const requestId of ['a', 'b', 'c'])
    await countAuditEntry(store, { ...failure, sender: from(requestId) })
  await countAuditEntry(store, { ...failure, sender: from('d', '192.0.2.2') })
  await countAuditEntry(store, { ...failure, target: 'town', sender: from('e') })
  await countAuditEntry(store, { ...failure, at: NOW + 60_000, sender: from('f') }, 5)
  await addAuditEntry(store, { ...failure, sender: from('g') })
  const entries = await listAuditEntries(store, { limit: 9 })
  expect(entries.map(({ sender, count }) => [sender?.requestId, count])).toEqual([
    ['g', 1],
    ['f', 5],
    ['e', 1],
    ['d', 1],
    ['a', 3],
  ])
})

test.skipIf(onPostgres)(
  'entries of a trail that an older version has written are still read',
  async () => {
    const folder = makeDataFolder()
    const database = await openSqlite(join(folder, 'tilepass.db'), 1_000)
    const old = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
    await migrate(old, { target: 4 })
    await sql`insert into audit (at, actor, action, target) values (${NOW}, 'cli', 'account.create', 'a')`.execute(
      old,
    )
    await old.destroy()
    const entries = await listAuditEntries(await openTestStore(folder), { limit: 9 })
    expect(entries).toEqual([{ ...entry, id: 1, detail: '', count: 1, sender: undefined }])
  },
)

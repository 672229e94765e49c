import { CompiledQuery, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createAccount, findAccount, listAccounts } from '../../src/store/accounts.ts'
import { addAuditEntry, listAuditEntries } from '../../src/store/audit.ts'
import { applyChange } from '../../src/store/changes.ts'
import { StoreMissingError, StoreUnavailableError } from '../../src/store/errors.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { transact } from '../../src/store/transact.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'
import { chooseTemplate, findDatabaseUrl } from '../support/test-location.ts'

async function connect(folder: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await findDatabaseUrl(folder) })
  // The test ends its connection as a crash would.
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end().catch(() => undefined))
  return client
}

function makeEmpty(): string {
  const folder = makeDataFolder()
  chooseTemplate(folder, 'empty')
  return folder
}

const listVersions = async ({ db }: Store) =>
  (await sql<{ version: number }>`select version from schema_version order by 1`.execute(db)).rows

describe('migrations', () => {
  test('by four processes at once make every table once', async () => {
    const folder = makeEmpty()
    const stores = await Promise.all([1, 2, 3, 4].map(() => openTestStore(folder)))
    for (const store of stores) {
      const versions = await listVersions(store)
      expect(versions).toEqual(versions.map((_, index) => ({ version: index + 1 })))
      expect(versions.length).toBeGreaterThan(10)
    }
  })

  test('wait for those of another process, and run again if it is killed half-way', async () => {
    const folder = makeEmpty()
    const other = await connect(folder)
    await other.query('begin')
    await other.query('select pg_advisory_xact_lock(7466235101)')
    await other.query('create table schema_version (version integer not null)')
    await other.query('create table account (name text)')
    const opening = openTestStore(folder)
    const watcher = await connect(folder)
    const isWaiting = async () =>
      (await watcher.query(`select 1 from pg_locks where locktype = 'advisory' and not granted`))
        .rowCount
    await expect.poll(isWaiting).toBe(1)
    Reflect.get(other, 'connection').stream.destroy()
    const store = await opening
    expect(await listAccounts(store)).toEqual([])
  })

  test('are not run for a command that must find a store', async () => {
    const opening = openTestStore(makeEmpty(), { mustExist: true })
    await expect(opening).rejects.toThrow(StoreMissingError)
  })

  test('make the same tables, columns and indexes as in a data folder', async () => {
    const postgres = await openTestStore(makeEmpty())
    const sqlite = await openStore({ data: makeDataFolder() }, { patience: 1_000 })
    onTestFinished(() => sqlite.close())
    const list = async ({ db }: Store, query: string) =>
      (await db.executeQuery<{ name: string }>(CompiledQuery.raw(query))).rows.map(
        ({ name }) => name,
      )
    expect(
      await list(
        postgres,
        `select table_name || '.' || column_name || ' ' || is_nullable as name
        from information_schema.columns where table_schema = 'public'
        order by table_name collate "C", column_name collate "C"`,
      ),
    ).toEqual(
      await list(
        sqlite,
        `select m.name || '.' || c.name || ' ' ||
          case when c."notnull" or c.pk then 'NO' else 'YES' end as name
        from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'
        order by m.name, c.name`,
      ),
    )
    expect(
      await list(
        postgres,
        `select indexname as name from pg_indexes where schemaname = 'public'
          and indexname not like '%_pkey' and indexname not like '%_key' order by indexname collate "C"`,
      ),
    ).toEqual(
      await list(
        sqlite,
        `select name from sqlite_master where type = 'index' and sql is not null order by name`,
      ),
    )
  })
})

test('texts are sorted and compared by their bytes, whatever the locale of the database is', async () => {
  const store = await openTestStore()
  const { rows } = await sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns
    where table_schema = 'public' and data_type = 'text' and collation_name is distinct from 'C'`.execute(
    store.db,
  )
  expect(rows).toEqual([])
  const names = ['B', 'Z', '_', 'a', 'b', 'é']
  for (const name of [...names].reverse()) await createAccount(store, name, NOW)
  expect((await listAccounts(store)).map(({ name }) => name)).toEqual(names)
  expect(await findAccount(store, 'A')).toBeUndefined()
})

test('what is written with NUL, which no text of PostgreSQL has, shows where it was', async () => {
  const store = await openTestStore()
  const entry = { at: NOW, actor: 'cli', action: 'token.revoke', target: 'a\0b' }
  await addAuditEntry(store, entry)
  expect(await listAuditEntries(store, { limit: 1 })).toMatchObject([{ target: 'a\uFFFDb' }])
})

test('two transactions that wait for each other both succeed', async () => {
  const folder = makeDataFolder()
  const stores = [await openTestStore(folder), await openTestStore(folder)]
  for (const name of ['a', 'b']) await createAccount(stores[0] as Store, name, NOW)
  const begun: string[] = []
  await Promise.all(
    stores.map((store, index) =>
      transact(store, async (db) => {
        const names = index === 0 ? ['a', 'b'] : ['b', 'a']
        for (const name of names) {
          const set = sql<string>`email || ${`${index}`}`
          await db
            .updateTable('account')
            .set({ email: sql`coalesce(${sql.ref('email')}, '') || ${`${index}`}` })
            .where('name', '=', name)
            .execute()
          expect(set).toBeDefined()
          begun.push(name)
          if (begun.length === 1) await expect.poll(() => begun.length).toBeGreaterThan(1)
        }
      }),
    ),
  )
  const emails = (await listAccounts(stores[0] as Store)).map(({ email }) => email)
  expect(emails.map((email) => email?.length)).toEqual([2, 2])
})

test('a revocation is not missed if its transaction commits after that of a later one began', async () => {
  const folder = makeDataFolder()
  const [store, other, reader] = await Promise.all([1, 2, 3].map(() => openTestStore(folder)))
  if (!store || !other || !reader) throw new Error('no stores')
  const revocations = createRevocations(reader, () => NOW)
  const period = { at: NOW, expiresAt: NOW + 60_000 }
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let isTaken = false
  const early = applyChange(store, async (change) => {
    await change.revoke('early', period)
    isTaken = true
    await held
  })
  await expect.poll(() => isTaken).toBe(true)
  const late = applyChange(other, (change) => change.revoke('late', period))
  expect(await revocations.isRevoked('late')).toBe(false)
  release()
  await Promise.all([early, late])
  for (const id of ['early', 'late']) await expect.poll(() => revocations.isRevoked(id)).toBe(true)
})

describe('a database that fails', () => {
  const expectOutage = async (run: Promise<unknown>) =>
    expect(run).rejects.toThrow(StoreUnavailableError)

  test('by an end of every connection is used again at once', async () => {
    const folder = makeDataFolder()
    const store = await openTestStore(folder)
    await createAccount(store, 'a', NOW)
    const admin = await connect(folder)
    const endOthers = () =>
      admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      )
    await endOthers()
    await expect
      .poll(() => findAccount(store, 'a').catch(() => undefined))
      .toMatchObject({ name: 'a' })
    let isBegun = false
    const interrupted = applyChange(store, async (change) => {
      await createAccount(change, 'b', NOW)
      isBegun = true
      await endOthers()
      await createAccount(change, 'c', NOW)
    })
    await expectOutage(interrupted)
    expect(isBegun).toBe(true)
    expect((await listAccounts(store)).map(({ name }) => name)).toEqual(['a'])
  })

  test('by a statement that takes too long is unavailable, and used again', async () => {
    const store = await openTestStore(undefined, { patience: 200 })
    await expectOutage(sql`select pg_sleep(10)`.execute(store.db))
    expect(await listAccounts(store)).toEqual([])
  })

  test('by being read-only is unavailable for changes, and serves what is read', async () => {
    const folder = makeDataFolder()
    const admin = await connect(folder)
    const name = (await admin.query('select current_database() as name')).rows[0].name
    await openTestStore(folder)
    await admin.query(`alter database "${name}" set default_transaction_read_only = on`)
    const store = await openTestStore(folder)
    await expectOutage(createAccount(store, 'a', NOW))
    expect(await listAccounts(store)).toEqual([])
    // What it has may be out of date: it is not what the store says now.
    await expectOutage(store.readDataVersion())
    await expectOutage(createRevocations(store, () => NOW).isRevoked('tok_1'))
    await admin.query(`alter database "${name}" set default_transaction_read_only = off`)
    // The first one to find that out gives up all connections of before.
    await createAccount(store, 'a', NOW).catch(() => undefined)
    for (const name of ['b', 'c']) expect(await createAccount(store, name, NOW)).toBeDefined()
  })

  test.each([
    ['no server', 'postgres://user:Canary@127.0.0.1:1/db'],
    ['no host', 'postgres://user:Canary@nowhere.invalid/db'],
    ['no URL', 'postgres://user:Canary@[/db'],
    [
      'a certificate that does not exist',
      'postgres://user:Canary@127.0.0.1/db?sslrootcert=/nowhere',
    ],
  ])('with %s is unavailable, and its password is in no error', async (_, databaseUrl) => {
    const error: unknown = await openStore({ data: '', databaseUrl }, { patience: 500 }).catch(
      (cause: unknown) => cause,
    )
    expect(error).toBeInstanceOf(StoreUnavailableError)
    for (let each: unknown = error; each instanceof Error; each = each.cause)
      expect(JSON.stringify({ ...each, message: each.message, stack: each.stack })).not.toContain(
        'Canary',
      )
  })

  test('by refusing a row does not quote it', async () => {
    const store = await openTestStore()
    await store.db.insertInto('setting').values({ name: 'Canary', value: '' }).execute()
    const again = store.db.insertInto('setting').values({ name: 'Canary', value: '' }).execute()
    const error: unknown = await again.catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: '23505' })
    expect(JSON.stringify(error)).not.toContain('Canary')
  })
})

test('another server in the place of the database may have other revocations under the same numbers', async () => {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  let server = 'the first'
  const moved: Store = {
    ...store,
    readDataVersion: async () => ({ ...(await store.readDataVersion()), server }),
  }
  const revocations = createRevocations(moved, () => NOW)
  const period = { at: NOW, expiresAt: NOW + 60_000 }
  await applyChange(other, (change) => change.revoke('lost', period))
  expect(await revocations.isRevoked('lost')).toBe(true)
  await other.db.deleteFrom('revocation').execute()
  await other.db.updateTable('revocation_sequence').set({ value: 0 }).execute()
  await applyChange(other, (change) => change.revoke('new', period))
  server = 'the second'
  await expect.poll(() => revocations.isRevoked('new')).toBe(true)
  expect(await revocations.isRevoked('lost')).toBe(false)
})

import { join } from 'node:path'
import { Kysely, SqliteDialect, sql } from 'kysely'
import { expect, test } from 'vitest'
import { createAccount, disableAccount } from '../../src/store/accounts.ts'
import { findApiToken, listApiTokens } from '../../src/store/api-tokens.ts'
import { listAuditEntries } from '../../src/store/audit.ts'
import { applyChange } from '../../src/store/changes.ts'
import { migrate } from '../../src/store/migrations.ts'
import type { Store } from '../../src/store/open.ts'
import type { Tables } from '../../src/store/schema.ts'
import { listSecretKeyRows } from '../../src/store/secret-keys.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openStoreOf } from '../support/store-under-test.ts'
import { onPostgres } from '../support/test-location.ts'

const DAY = 86_400_000

/** Opens a store with the schema of an older version. */
async function openOld(folder: string, steps: number): Promise<Pick<Store, 'db' | 'close'>> {
  const database = await openSqlite(join(folder, 'tilepass.db'), 1_000)
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
  await migrate(db, { target: steps })
  return { db, close: () => db.destroy() }
}

const insert = (
  store: Pick<Store, 'db'>,
  id: string,
  account: string,
  format: string,
  isDefault: number,
) =>
  sql`insert into api_token (id, account, format, usage, is_default, note, scopes, allowed_urls,
    created_at, modified_at, expires_at) values (${id}, ${account}, ${format}, 'sk', ${isDefault},
    '', '', '[]', ${NOW}, ${NOW}, ${NOW})`.execute(store.db)

test.skipIf(onPostgres)(
  'accounts with Mapbox tokens get the default token that they lack, audited; others get none',
  async () => {
    const folder = makeDataFolder()
    const old = await openOld(folder, 4)
    for (const name of ['lacks', 'has', 'revoked', 'gone', 'jwt', 'none'])
      await createAccount(old, name, NOW)
    await insert(old, 'c1', 'lacks', 'mapbox', 0)
    await insert(old, 'c2', 'lacks', 'mapbox', 0)
    await insert(old, 'c3', 'has', 'mapbox', 0)
    await insert(old, 'c4', 'has', 'mapbox', 1)
    await insert(old, 'c5', 'revoked', 'mapbox', 1)
    await sql`update api_token set revoked_at = ${NOW} where id = 'c5'`.execute(old.db)
    await insert(old, 'c6', 'revoked', 'mapbox', 0)
    await insert(old, 'c7', 'gone', 'mapbox', 0)
    await sql`update api_token set revoked_at = ${NOW} where id = 'c7'`.execute(old.db)
    await insert(old, 'tok_1', 'jwt', 'jwt', 0)
    const before = (await sql<{ id: string }>`select id from api_token`.execute(old.db)).rows
    await old.close()

    const store = await openStoreOf(folder)
    const known = before.map(({ id }) => id)
    const made = (await listApiTokens(store, { limit: 99 })).filter(({ id }) => !known.includes(id))
    expect(made.map(({ account }) => account).sort()).toEqual(['lacks', 'revoked'])
    for (const token of made) {
      expect(token).toMatchObject({
        id: expect.stringMatching(/^c[0-9a-z]{24}$/),
        usage: 'pk',
        is_default: 1,
        note: 'Default public token',
        scopes: 'styles:tiles styles:read fonts:read datasets:read vision:read',
        allowed_urls: '[]',
        restrictions: null,
        revoked_at: null,
        read_only: 0,
        version: 0,
      })
      expect(Math.abs(token.created_at - Date.now())).toBeLessThan(600_000)
    }
    const entries = await listAuditEntries(store, { limit: 9 })
    expect(entries.map(({ actor, action, target }) => [actor, action, target]).sort()).toEqual(
      made.map(({ id }) => ['broker', 'token.create', id]).sort(),
    )
    expect(await findApiToken(store, 'c1')).toMatchObject({ version: 0 })
    await applyChange(store, (change) =>
      disableAccount({ ...change, audit: async () => undefined }, 'lacks', NOW),
    )
    await store.close()

    const again = await openStoreOf(folder)
    expect(await listAuditEntries(again, { limit: 9 })).toEqual(entries)
    await again.close()
  },
)

test.skipIf(onPostgres)('lists of secret keys become keys that end, in their order', async () => {
  const folder = makeDataFolder()
  const old = await openOld(folder, 10)
  const secrets = (name: string) => ['a', 'b', 'c'].map((letter) => name + letter.repeat(40))
  for (const name of ['mapbox_key', 'refresh_secret', 'device_secret'])
    await sql`insert into setting values (${name}, ${secrets(name).join(',')})`.execute(old.db)
  await sql`insert into setting values ('issuer', 'http://a')`.execute(old.db)
  await old.close()

  const store = await openStoreOf(folder)
  const keysOf = async (name: string, purpose: string) => {
    const rows = await listSecretKeyRows(store, purpose)
    expect(rows.map(({ secret }) => secret)).toEqual(secrets(name))
    expect(rows.map(({ id }) => id.startsWith(`${purpose}.`))).toEqual([true, true, true])
    expect(rows.map(({ replaced_at: at }) => at === null)).toEqual([true, false, false])
    return rows.map(({ ends_at: at }) => (at === null ? null : Math.round((at - Date.now()) / DAY)))
  }
  expect(await keysOf('mapbox_key', 'mapbox')).toEqual([null, null, null])
  expect(await keysOf('refresh_secret', 'refresh')).toEqual([null, 1, 1])
  expect(await keysOf('device_secret', 'device')).toEqual([null, 183, 183])
  const settings = await store.db.selectFrom('setting').select('name').execute()
  expect(settings).toEqual([{ name: 'issuer' }])
  await store.close()
})

import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { UnavailableError } from '../../../src/errors.ts'
import { InvalidRestrictionError } from '../../../src/issuer/mapbox/errors.ts'
import {
  type Authority,
  createMapboxRegistry,
  type MapboxRegistry,
} from '../../../src/issuer/mapbox/registry.ts'
import { createAccount } from '../../../src/store/accounts.ts'
import { findApiToken, listApiTokens } from '../../../src/store/api-tokens.ts'
import { listAuditEntries } from '../../../src/store/audit.ts'
import { openSqlite } from '../../../src/store/sqlite.ts'
import { makeDataFolder, NOW } from '../../support/broker-under-test.ts'
import { openTestStore } from '../../support/store-under-test.ts'
import { onPostgres } from '../../support/test-location.ts'

const SCOPES = ['tokens:write', 'styles:tiles']

/**
 * A registry whose updates are overtaken: a trigger refuses the row, as a database does whose
 * transactions do not take turns. Whenever it reads the clock, another process may write.
 */
async function startOvertaken(beforeRead: (read: number, run: (text: string) => void) => void) {
  const folder = makeDataFolder()
  const store = await openTestStore(folder)
  const account = await createAccount(store, 'a', NOW)
  if (!account) throw new Error('expected an account')
  const first = createMapboxRegistry(store, () => NOW)
  const { id } = await first.createByOperator(account, { note: '', scopes: ['styles:tiles'] })
  await sql`create trigger overtaken before update on api_token begin
    select raise(ignore); end`.execute(store.db)
  const other = await openSqlite(join(folder, 'tilepass.db'), 50)
  let reads = 0
  const registry = createMapboxRegistry(store, () => {
    beforeRead(++reads, (text) => void other.prepare(text).run([]))
    return NOW
  })
  const listUpdates = async () =>
    (await listAuditEntries(store, { limit: 99 })).filter(({ action }) => action === 'token.update')
  return { store, registry, account, id, listUpdates, close: () => other.close() }
}

test('a token that was revoked since it was verified makes and changes no other', async () => {
  const store = await openTestStore()
  const account = await createAccount(store, 'a', NOW)
  if (!account) throw new Error('expected an account')
  const registry = createMapboxRegistry(store, () => NOW)
  const { id } = await registry.createByOperator(account, { note: '', scopes: SCOPES })
  const other = await registry.createByOperator(account, { note: '', scopes: SCOPES })
  const authority = { account, id, scopes: SCOPES }
  await registry.delete(authority, id)
  const before = await listApiTokens(store, { limit: 99 })
  for (const run of [
    () => registry.create(authority, { note: '', scopes: SCOPES }),
    () => registry.update(authority, other.id, { note: 'x' }),
    () => registry.delete(authority, other.id),
  ])
    await expect(run()).rejects.toThrow(UnavailableError)
  expect(await listApiTokens(store, { limit: 99 })).toEqual(before)
})

const overtakeBy = (change: string) => (read: number, run: (text: string) => void) => {
  // Each attempt reads the clock twice: for its audit entry, and for the row.
  if (read !== 3) return
  run('drop trigger overtaken')
  run(`update api_token set ${change}, version = version + 1 where is_default = 0`)
}

// On PostgreSQL two servers overtake each other in earnest: see two-processes.test.ts.
describe.skipIf(onPostgres)('X15: an update that another process overtakes', () => {
  test('is tried again on what the other one wrote: neither is lost', async () => {
    const overtake = overtakeBy(`restrictions = '{"resources":["r"]}'`)
    const { store, registry, account, id, listUpdates, close } = await startOvertaken(overtake)
    const updated = await registry.update({ account, id, scopes: SCOPES }, id, { note: 'x' })
    expect(updated).toMatchObject({ note: 'x', restrictions: '{"resources":["r"]}' })
    expect(await findApiToken(store, id)).toEqual(updated)
    expect(await listUpdates()).toHaveLength(1)
    close()
  })

  test('is judged again: what the other one has restricted cannot be lifted', async () => {
    const overtake = overtakeBy(`restrictions = '{"resources":["r"]}'`)
    const { registry, account, id, listUpdates, close } = await startOvertaken(overtake)
    // This authority may say that there are no resources, as long as that widens nothing.
    const authority = { account, id, scopes: ['tokens:write'] }
    await expect(registry.update(authority, id, { resources: [] })).rejects.toThrow(
      InvalidRestrictionError,
    )
    expect(await listUpdates()).toEqual([])
    close()
  })

  test('is given up after ten attempts with 503, and leaves nothing', async () => {
    const { store, registry, account, id, listUpdates, close } = await startOvertaken(() => {})
    const before = await findApiToken(store, id)
    const authority = { account, id, scopes: SCOPES }
    await expect(registry.update(authority, id, { note: 'x' })).rejects.toThrow(UnavailableError)
    expect(await findApiToken(store, id)).toEqual(before)
    expect(await listUpdates()).toEqual([])
    close()
  })
})

describe('an account that is disabled while a request of it is served', () => {
  const NEW = { note: '', scopes: ['styles:tiles'] }
  test.each<[string, (registry: MapboxRegistry, by: Authority, id: string) => Promise<unknown>]>([
    ['gets no new token', (registry, by) => registry.create(by, NEW)],
    [
      'gets none from the command line',
      (registry, { account }) => registry.createByOperator(account, NEW),
    ],
    ['changes no token', (registry, by, id) => registry.update(by, id, { note: 'x' })],
    ['deletes no token', (registry, by, id) => registry.delete(by, id)],
  ])('%s', async (_, run) => {
    const store = await openTestStore()
    const account = await createAccount(store, 'a', NOW)
    if (!account) throw new Error('expected an account')
    const registry = createMapboxRegistry(store, () => NOW)
    const { id } = await registry.createByOperator(account, NEW)
    await store.db.updateTable('account').set({ disabled_at: NOW }).execute()
    const before = await listApiTokens(store, { limit: 99 })
    await expect(run(registry, { account, id, scopes: SCOPES }, id)).rejects.toThrow(
      UnavailableError,
    )
    expect(await listApiTokens(store, { limit: 99 })).toEqual(before)
  })
})

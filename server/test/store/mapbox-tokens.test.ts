import { describe, expect, test } from 'vitest'
import { createMapboxRegistry } from '../../src/issuer/mapbox/registry.ts'
import { createAccount, disableAccount } from '../../src/store/accounts.ts'
import { type ApiToken, findApiToken, revokeApiToken } from '../../src/store/api-tokens.ts'
import { audited } from '../../src/store/audit.ts'
import { applyChange } from '../../src/store/changes.ts'
import { deleteMapboxToken, updateMapboxToken } from '../../src/store/mapbox-tokens.ts'
import type { Store } from '../../src/store/open.ts'
import { makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const SCOPES = ['tokens:write', 'styles:read']
const RESTRICTED = { restrictions: '{"resources":["r"]}' }

async function start() {
  const folder = makeDataFolder()
  const [store, other] = [await openTestStore(folder), await openTestStore(folder)]
  const account = await createAccount(store, 'a', NOW)
  if (!account) throw new Error('expected an account')
  const registry = createMapboxRegistry(store, () => NOW)
  const row = await registry.createByOperator(account, { note: '', scopes: SCOPES })
  return { store, other, account, registry, row }
}

const OVERTAKING: readonly [string, (store: Store, row: ApiToken) => Promise<unknown>][] = [
  ['an update', (store, row) => updateMapboxToken(store, row, RESTRICTED, NOW)],
  [
    'a deletion',
    (store, { id }) =>
      applyChange(store, (change) => deleteMapboxToken(change, 'a', id, { ...NEW_ROW }, NOW)),
  ],
  ['a revocation', (store, { id }) => applyChange(store, (c) => revokeApiToken(c, id, NOW))],
  [
    'the end of its account',
    (store) =>
      audited(store, { at: NOW, actor: 'cli', action: 'account.disable', target: 'a' }, (change) =>
        disableAccount(change, 'a', NOW),
      ),
  ],
]

const NEW_ROW = {
  id: `c${'0'.repeat(24)}`,
  account: 'a',
  format: 'mapbox',
  usage: 'pk',
  note: '',
  scopes: '',
  allowed_urls: '[]',
  created_at: NOW,
  modified_at: NOW,
  last_used_at: null,
  expires_at: NOW,
  revoked_at: null,
} as const

describe('X15: an update of a token that was read before', () => {
  test.each(OVERTAKING)('%s by another process is not written', async (_, overtake) => {
    const { store, other, row } = await start()
    await overtake(other, row)
    const before = await findApiToken(store, row.id)
    expect(before?.version).toBeGreaterThan(row.version)
    expect(await updateMapboxToken(store, row, { note: 'x' }, NOW)).toBeUndefined()
    expect(await findApiToken(store, row.id)).toEqual(before)
  })

  test('writes only the columns that it names, and counts the version', async () => {
    const { store, row } = await start()
    const updated = await updateMapboxToken(store, row, { note: 'x' }, NOW + 1)
    expect(updated).toEqual({ ...row, note: 'x', modified_at: NOW + 1, version: row.version + 1 })
  })
})

import { describe, expect, test } from 'vitest'
import { type Administration, createAdministration } from '../../src/admin/administration.ts'
import { createMint } from '../../src/issuer/mint.ts'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { listAccounts } from '../../src/store/accounts.ts'
import { findApiToken } from '../../src/store/api-tokens.ts'
import { listDatasets } from '../../src/store/datasets.ts'
import { createRevocations, listRevocations } from '../../src/store/revocations.ts'
import { copyKeyedFolder, NOW } from '../support/broker-under-test.ts'
import { fillRevocations, openTestStore } from '../support/store-under-test.ts'

const REQUEST = { account: 'city', scopes: ['tiles:read'], expiresInSeconds: 60, note: '' }
const FILE = { path: '/srv/earth.tif', kind: 'raster', isPublic: false } as const

async function start() {
  const store = await openTestStore(await copyKeyedFolder())
  const parts = {
    store,
    actor: 'cli',
    rights: { scopes: ['tiles:read'] },
    getMint: async () =>
      createMint({ url: 'https://a.example', keys: await loadSigningKeys(store, NOW) }),
    now: () => NOW,
  }
  const admin = createAdministration(parts)
  await admin.createAccount('city', {})
  await admin.createAccount('gone', {})
  await admin.disableAccount('gone')
  await admin.addDataset({ ...FILE, name: 'earth', account: 'city' })
  const { id } = await admin.createToken(REQUEST)
  const listAudit = async () =>
    (await admin.listAudit({ limit: 99 })).map(({ action, target }) => [action, target])
  const actAs = (actor: string) => createAdministration({ ...parts, actor })
  return { store, admin, actAs, id, listAudit }
}

const CHANGES: readonly [
  string,
  string,
  (admin: Administration, id: string) => Promise<unknown>,
][] = [
  ['account.create', 'new', (admin) => admin.createAccount('new', {})],
  ['account.set-password', 'city', (admin) => admin.setPassword('city', 'hash')],
  ['account.disable', 'city', (admin) => admin.disableAccount('city')],
  ['account.enable', 'gone', (admin) => admin.enableAccount('gone')],
  ['account.delete', 'gone', (admin) => admin.deleteAccount('gone')],
  ['account.expire', 'city', (admin) => admin.expireAccount('city')],
  ['token.create', 'NEW', (admin) => admin.createToken(REQUEST)],
  ['token.revoke', 'ID', (admin, id) => admin.revokeToken(id)],
  ['token.expire', 'ID', (admin, id) => admin.expireToken(id)],
  ['key.rotate', 'NEW', (admin) => admin.rotateKeys()],
  ['dataset.add', 'moon', (admin) => admin.addDataset({ ...FILE, name: 'moon', account: 'city' })],
  ['dataset.remove', 'earth', (admin) => admin.removeDataset('earth')],
]

test.each(CHANGES)('%s of %j leaves one audit entry', async (action, target, run) => {
  const { admin, id, listAudit } = await start()
  const before = await listAudit()
  const made = await run(admin, id)
  const targets: Record<string, unknown> = { ID: id, NEW: readId(made) }
  expect(await listAudit()).toEqual([[action, targets[target] ?? target], ...before])
})

/** The id of what a change has made. */
function readId(made: unknown): unknown {
  if (typeof made !== 'object' || made === null) return
  return Reflect.get(made, 'id') ?? Reflect.get(made, 'kid')
}

const FAILURES: readonly [string, (admin: Administration) => Promise<unknown>, string][] = [
  ['creating an account that exists', (admin) => admin.createAccount('city', {}), 'conflict'],
  [
    'a password for an unknown account',
    (admin) => admin.setPassword('nobody', 'hash'),
    'not_found',
  ],
  ['disabling an unknown account', (admin) => admin.disableAccount('nobody'), 'not_found'],
  ['enabling an unknown account', (admin) => admin.enableAccount('nobody'), 'not_found'],
  ['enabling an account that is active', (admin) => admin.enableAccount('city'), 'conflict'],
  ['deleting an unknown account', (admin) => admin.deleteAccount('nobody'), 'not_found'],
  ['deleting an account with datasets', (admin) => admin.deleteAccount('city'), 'conflict'],
  ['revoking an unknown key', (admin) => admin.revokeKey('nokey'), 'not_found'],
  ['expiring an unknown account', (admin) => admin.expireAccount('nobody'), 'not_found'],
  [
    'a token for an unknown account',
    (admin) => admin.createToken({ ...REQUEST, account: 'nobody' }),
    'not_found',
  ],
  [
    'a token for a disabled account',
    (admin) => admin.createToken({ ...REQUEST, account: 'gone' }),
    'conflict',
  ],
  [
    'a token with more scope than its creator has',
    (admin) => admin.createToken({ ...REQUEST, scopes: ['admin:access'] }),
    'invalid_scope',
  ],
  ['revoking an unknown token', (admin) => admin.revokeToken('tok_none'), 'not_found'],
  ['expiring an unknown token', (admin) => admin.expireToken('tok_none'), 'not_found'],
  [
    'adding a dataset that exists',
    (admin) => admin.addDataset({ ...FILE, name: 'earth', account: 'city' }),
    'conflict',
  ],
  [
    'adding a dataset of an unknown account',
    (admin) => admin.addDataset({ ...FILE, name: 'moon', account: 'nobody' }),
    'not_found',
  ],
  ['removing an unknown dataset', (admin) => admin.removeDataset('moon'), 'not_found'],
]

test.each(FAILURES)('%s fails, and leaves neither an entry nor a change', async (_, run, code) => {
  const { store, admin, listAudit } = await start()
  const look = async () => [
    await listAudit(),
    await listAccounts(store),
    (await admin.listTokens({ limit: 99 })).rows,
    await listDatasets(store),
    await listRevocations(store, NOW),
  ]
  const before = await look()
  await expect(run(admin)).rejects.toMatchObject({ code })
  expect(await look()).toEqual(before)
  expect(await createRevocations(store, () => NOW).isRevoked('tok_none')).toBe(false)
})

describe('races', () => {
  test('two concurrent accounts of one name create one, with one entry', async () => {
    const { admin, listAudit } = await start()
    const before = await listAudit()
    const results = await Promise.allSettled([
      admin.createAccount('new', {}),
      admin.createAccount('new', {}),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await listAudit()).toEqual([['account.create', 'new'], ...before])
  })

  test('an account that is disabled while its token is being signed gets no token', async () => {
    const { store, admin, listAudit } = await start()
    const slow = createAdministration({
      store,
      actor: 'cli',
      getMint: async () => {
        await admin.disableAccount('city')
        return async () => 'signed'
      },
      now: () => NOW,
    })
    const before = (await admin.listTokens({ limit: 99 })).rows
    await expect(slow.createToken(REQUEST)).rejects.toMatchObject({ code: 'conflict' })
    expect((await admin.listTokens({ limit: 99 })).rows).toHaveLength(before.length)
    expect((await listAudit())[0]).toEqual(['account.disable', 'city'])
  })

  test('disabling an account revokes its tokens in this process at once', async () => {
    const { store, admin, id } = await start()
    const revocations = createRevocations(store, () => NOW)
    const [city] = (await admin.listAccounts({ limit: 99 })).rows
    expect(await revocations.isRevoked(city?.orgId ?? '')).toBe(false)
    await admin.disableAccount('city')
    expect(await revocations.isRevoked(city?.orgId ?? '')).toBe(true)
    expect(await findApiToken(store, id)).toMatchObject({ revoked_at: NOW })
  })
})

describe('an API token that was revoked since it was verified', () => {
  test.each(CHANGES)('makes no change: %s of %j', async (_, __, run) => {
    const { admin, actAs, id, listAudit } = await start()
    const { id: actor } = await admin.createToken(REQUEST)
    await admin.revokeToken(actor)
    const before = await listAudit()
    await expect(run(actAs(actor), id)).rejects.toMatchObject({ status: 401 })
    expect(await listAudit()).toEqual(before)
  })

  test('by the disabling of its account makes no change either', async () => {
    const { admin, actAs } = await start()
    const { id: actor } = await admin.createToken(REQUEST)
    await admin.createAccount('other', {})
    await admin.disableAccount('city')
    const made = actAs(actor).createToken({ ...REQUEST, account: 'other' })
    await expect(made).rejects.toMatchObject({ status: 401 })
  })
})

test('a rotation names the keys that it adds and removes', async () => {
  const store = await openTestStore(await copyKeyedFolder())
  const clock = { now: NOW }
  const getMint = () => Promise.reject(new Error('no token is made here'))
  const admin = createAdministration({ store, actor: 'cli', getMint, now: () => clock.now })
  const [first] = await admin.listKeys()
  const second = await admin.rotateKeys()
  clock.now += 400 * 86_400_000
  const third = await admin.rotateKeys()
  const entries = await admin.listAudit({ limit: 9 })
  expect(entries.map(({ actor, action, target }) => [actor, action, target])).toEqual([
    ['cli', 'key.remove', first?.kid],
    ['cli', 'key.rotate', third.kid],
    ['cli', 'key.rotate', second.kid],
    ['broker', 'key.create', first?.kid],
  ])
})

test.each(CHANGES.filter(([action]) => /[.](revoke|expire|disable)$/.test(action)))(
  '%s of %j over HTTP adds nothing to a list of revocations that is too long for guards',
  async (_, __, run) => {
    const { store, admin, actAs, id, listAudit } = await start()
    const remote = actAs((await admin.createToken(REQUEST)).id)
    await fillRevocations(store, 30_000)
    const look = async () => [await listAudit(), await listRevocations(store, NOW)]
    const before = await look()
    await expect(run(remote, id)).rejects.toMatchObject({ code: 'conflict' })
    expect(await look()).toEqual(before)
    await run(admin, id)
    expect(await look()).not.toEqual(before)
  },
)

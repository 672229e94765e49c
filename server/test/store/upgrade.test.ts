import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backUpBeforeMigration } from '../../src/store/migration-backup.ts'
import { SCHEMA_VERSION } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/open.ts'
import { isSealed } from '../../src/store/seal.ts'
import { listStoredSecrets } from '../../src/store/sealed-columns.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import {
  copyKeyedFolder,
  makeDataFolder,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { dumpDatabase, makeOldData } from '../support/old-data.ts'
import { findFilesWith, listPlainSecrets } from '../support/sealed-folder.ts'
import { makeKeyText } from '../support/sealing-keys.ts'
import { setUpSecondBrokers } from '../support/second-broker.ts'
import { startServerProcess } from '../support/server-process.ts'

setUpSecondBrokers()

const NAME = /^tilepass-schema-4-\d{8}T\d{9}Z\.db$/

const listBackups = (data: string) => readdirSync(data).filter((name) => name.includes('-schema-'))

/** A broker of today on the data of an earlier version, a minute after its tokens were made. */
async function upgrade(secretKey?: () => string) {
  const { data, tokens } = await makeOldData()
  const now = () => tokens.madeAt + 60_000
  const running = await startBroker({ data, demo: false, now, ...(secretKey && { secretKey }) })
  const { url, post } = running
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  return {
    ...{ data, tokens, now },
    exchange: async (token: string) =>
      (await post('/v1/auth/token', undefined, bearer(token))).status,
    list: async (token: string) =>
      (await fetch(`${url}/tokens/v2/city?access_token=${token}`)).status,
    refresh: async (token: string) =>
      (await post('/token/refresh', { refresh_token: token })).status,
  }
}

describe.each([
  ['plain', undefined],
  ['sealed on the way', () => makeKeyText(1)],
])('F17: data of an earlier version, %s', (_name, secretKey) => {
  test('its tokens open what they did, and those that were ended stay refused', async () => {
    const { tokens, exchange, list, refresh, data, now } = await upgrade(secretKey)
    expect(await exchange(tokens.good)).toBe(200)
    expect(await exchange(tokens.restricted)).toBe(200)
    // Tokens of --read-only no longer exchange: see the changelog.
    expect(await exchange(tokens.readOnly)).toBe(403)
    expect(await exchange(tokens.revoked)).toBe(401)
    expect(await exchange(tokens.closed)).toBe(401)
    expect(await list(tokens.sk)).toBe(200)
    expect(await list(tokens.revokedSk)).toBe(401)
    expect(await refresh(tokens.endedRefresh)).toBe(401)
    expect(await refresh(tokens.refresh)).toBe(200)
    const env: Record<string, string> = secretKey ? { TILEPASS_SECRET_KEY: secretKey() } : {}
    const inspected = await runCommand(data, ['inspect', tokens.tk, '--json'], { now, env })
    expect(JSON.parse(inspected.out)).toMatchObject({ valid: true })
    const datasets = await runCommand(data, ['dataset', 'list', '--json'], { now, env })
    expect(JSON.parse(datasets.out)).toEqual([expect.objectContaining({ id: tokens.dataset })])
  })

  test('a copy of before is in the folder, and its restore undoes the upgrade', async () => {
    const { data } = await makeOldData()
    const before = await dumpDatabase(join(data, 'tilepass.db'))
    const env: Record<string, string> = secretKey ? { TILEPASS_SECRET_KEY: secretKey() } : {}
    const server = await startServerProcess(data, env)
    const [name = '', ...others] = listBackups(data)
    expect(others).toEqual([])
    expect(name).toMatch(NAME)
    const copy = join(data, name)
    expect(server.printed()).toContain(`"backup":"${copy}"`)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    expect(await dumpDatabase(copy)).toEqual(before)
    const bytes = readFileSync(copy)
    const refused = await runCommand(data, ['store', 'restore', copy])
    expect(refused).toMatchObject({ code: 1, error: expect.stringContaining('Stop every server') })
    await server.stop()
    const restored = await runCommand(data, ['store', 'restore', copy, '--json'])
    expect(restored).toMatchObject({ code: 0, error: '' })
    expect(JSON.parse(restored.out)).toMatchObject({ schema: 4 })
    expect(readFileSync(join(data, 'tilepass.db')).equals(bytes)).toBe(true)
    expect(readFileSync(copy).equals(bytes)).toBe(true)
    expect(await dumpDatabase(join(data, 'tilepass.db'))).toEqual(before)
  })
})

test('an upgrade with a key seals what the earlier version wrote, and leaves it plain only in the copy of before', async () => {
  const { data } = await upgrade(() => makeKeyText(1))
  const [name = ''] = listBackups(data)
  const store = await openStore({ data }, { patience: 1_000 })
  expect((await listStoredSecrets(store)).every(({ value }) => isSealed(value))).toBe(true)
  await store.close()
  const { data: plain } = await makeOldData()
  const old = await openStore({ data: plain }, { patience: 1_000 })
  const secrets = await listPlainSecrets(old)
  await old.close()
  expect(secrets.length).toBeGreaterThan(3)
  expect(findFilesWith(data, secrets)).toEqual([name])

  const env = { TILEPASS_SECRET_KEY: makeKeyText(1) }
  const examine = async () => (await runCommand(data, ['doctor'], { env })).out
  expect(await examine()).toContain(`Copies in the data folder hold plain keys: ${name}`)
  rmSync(join(data, name))
  await runCommand(data, [
    'store',
    'backup',
    join(data, 'tilepass-schema-9-20260131T120000000Z.db'),
  ])
  expect(await examine()).not.toContain('plain keys')
})

test('a command that upgrades the folder says where the copy of before is', async () => {
  const { data, tokens } = await makeOldData()
  const { code, error } = await runCommand(data, ['token', 'list'], { now: () => tokens.madeAt })
  expect(code).toBe(0)
  const [name = ''] = listBackups(data)
  expect(error).toContain(join(data, name))
})

test('there is no copy of a new folder, nor of one that is up to date', async () => {
  const data = await copyKeyedFolder()
  const store = await openStore({ data }, { patience: 1_000 })
  expect(store.migrationBackup).toBeUndefined()
  await store.close()
  expect(listBackups(data)).toEqual([])
  expect(SCHEMA_VERSION).toBeGreaterThan(4)
})

test('the last three copies are kept, and nothing else is removed', async () => {
  const { data } = await makeOldData()
  const names = [3, 1, 4, 2].map((day) => `tilepass-schema-${day + 10}-2025010${day}T120000000Z.db`)
  for (const name of [...names, 'tilepass-schema-mine.db']) writeFileSync(join(data, name), '')
  const store = await openStore({ data }, { patience: 1_000 })
  await store.close()
  const kept = listBackups(data).filter((name) => !NAME.test(name))
  expect(kept.sort()).toEqual([
    'tilepass-schema-13-20250103T120000000Z.db',
    'tilepass-schema-14-20250104T120000000Z.db',
    'tilepass-schema-mine.db',
  ])
})

test('a schema whose copy cannot be written stays as it is', async () => {
  const { data } = await makeOldData()
  const file = join(data, 'tilepass.db')
  const before = await dumpDatabase(file)
  const database = await openSqlite(file, 1_000)
  const nowhere = join(makeDataFolder(), 'missing')
  await expect(backUpBeforeMigration(database, nowhere)).rejects.toThrow('ENOENT')
  database.close()
  expect(await dumpDatabase(file)).toEqual(before)
})

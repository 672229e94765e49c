import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addAuditEntry, listAuditEntries } from '../../src/store/audit.ts'
import { openStore, type StoreLocation } from '../../src/store/open.ts'
import { makeDataFolder, NOW, runCommand } from '../support/broker-under-test.ts'
import { readStore } from '../support/read-store.ts'
import { makeKeyText } from '../support/sealing-keys.ts'
import { chooseTemplate, locateTestStore } from '../support/test-location.ts'

async function read(location: StoreLocation) {
  const store = await openStore(location, { patience: 5_000 })
  const content = await readStore(store)
  await store.close()
  return content
}

/** A data folder with a bit of everything, among it more rows than one statement copies. */
async function fillFolder(isSealed = true): Promise<string> {
  const data = makeDataFolder()
  const store = await openStore({ data }, { patience: 5_000 })
  for (let entry = 0; entry < 1_200; entry++)
    await addAuditEntry(store, { at: NOW, actor: 'cli', action: 'x', target: `é${entry}` })
  await store.close()
  const key = isSealed ? makeKeyText(1) : ''
  const run = (...args: string[]) => runOnFolder(data, args, key)
  expect(await run('account', 'create', 'city', '--email', 'maps@city.example')).toBe(0)
  expect(await run('issuer', 'set', 'https://maps.example')).toBe(0)
  for (const format of ['jwt', 'mapbox'])
    expect(
      await run(
        'token',
        'create',
        '--account',
        'city',
        '--format',
        format,
        '--scope',
        format === 'jwt' ? 'tiles:read' : 'styles:tiles',
      ),
    ).toBe(0)
  expect(await run('account', 'expire', 'city')).toBe(0)
  return data
}

/** Not on the database that stands for a folder in this run. */
async function runOnFolder(data: string, args: string[], key: string): Promise<number> {
  const { code, error } = await runCommand(data, args, {
    env: { TILEPASS_DATA: data, TILEPASS_DATABASE_URL: '', TILEPASS_SECRET_KEY: key },
  })
  expect(error).toBe('')
  return code
}

async function makeDatabase(): Promise<StoreLocation & { readonly databaseUrl: string }> {
  const folder = makeDataFolder()
  chooseTemplate(folder, 'empty')
  const { databaseUrl = '', ...location } = await locateTestStore(folder)
  return { ...location, databaseUrl: databaseUrl.replace('postgres@', 'postgres:Canary@') }
}

/** The database is named by the environment, because its URL has a password. */
const copy = (from: string, to: string, ...more: string[]) => {
  const env: Record<string, string> = {}
  const name = (option: string, store: string) => {
    if (!store.includes(':Canary@')) return [option, option === '--from' ? release(store) : store]
    env.TILEPASS_DATABASE_URL = store
    return []
  }
  const args = [...name('--from', from), ...name('--to', to)]
  return runCommand('', ['store', 'copy', ...args, ...more], { env })
}

/** Where Node has no SQLite of its own, a database that was closed keeps its lock until its process ends. */
function release(store: string): string {
  if (store.includes('://')) return store
  const folder = makeDataFolder()
  cpSync(store, folder, { recursive: true, filter: (path) => !path.endsWith('-shm') })
  return folder
}

test('a folder is copied to a database and back, whole', async () => {
  const data = await fillFolder()
  const database = await makeDatabase()
  const there = await copy(data, database.databaseUrl)
  expect(there).toMatchObject({
    code: 0,
    error: '',
    out: expect.stringMatching(/^Copied \d+ rows/),
  })
  expect(there.out).not.toContain('Canary')
  const before = await read({ data })
  expect(Object.values(before).flat().length).toBeGreaterThan(1_200)
  expect(await read(database)).toEqual(before)

  const back = makeDataFolder()
  expect(await copy(database.databaseUrl, back, '--json')).toMatchObject({ code: 0, error: '' })
  expect(await read({ data: back })).toEqual(before)

  // The ids of what comes later begin after those that were copied.
  const store = await openStore(database, { patience: 5_000 })
  await addAuditEntry(store, { at: NOW, actor: 'cli', action: 'y', target: 'new' })
  const [newest, older] = await listAuditEntries(store, { limit: 2 })
  await store.close()
  expect([newest?.target, newest?.id]).toEqual(['new', (older?.id ?? 0) + 1])
})

test('keys that are not sealed never reach a database', async () => {
  const [data, database] = [await fillFolder(false), await makeDatabase()]
  const { code, error } = await copy(data, database.databaseUrl)
  expect([code, error]).toEqual([1, expect.stringContaining('not sealed')])
  await expect(openStore(database, { patience: 5_000, mustExist: true })).rejects.toThrow(
    'no tables',
  )
})

test('a database with other connections is copied with a warning', async () => {
  const database = await makeDatabase()
  expect((await copy(await fillFolder(), database.databaseUrl)).code).toBe(0)
  const server = await openStore(database, { patience: 5_000 })
  const { code, error } = await copy(database.databaseUrl, makeDataFolder())
  await server.close()
  expect([code, error]).toEqual([0, expect.stringMatching(/^Warning: .* other connections/)])
  expect(error).not.toContain('Canary')
})

test('a store that is in use is not overwritten', async () => {
  const [data, other] = [await fillFolder(), await fillFolder()]
  const database = await makeDatabase()
  expect((await copy(data, database.databaseUrl)).code).toBe(0)
  const before = [await read(database), await read({ data: other })]
  for (const target of [database.databaseUrl, other]) {
    const { code, error } = await copy(data, target)
    expect([code, error]).toEqual([1, expect.stringContaining('is in use: it has rows in')])
    expect(error).not.toContain('Canary')
  }
  expect([await read(database), await read({ data: other })]).toEqual(before)
})

test.each([
  ['a folder without a store', async () => makeDataFolder(), 'There is no tilepass.db'],
  [
    'a database without tables',
    async () => (await makeDatabase()).databaseUrl,
    'There are no tables',
  ],
  ['a database that is away', async () => 'postgres://u:Canary@127.0.0.1:1/x', 'cannot be used: '],
  ['a URL of something else', async () => 'mysql://u:Canary@127.0.0.1/x', '--from must be'],
])('%s cannot be copied, which the command says', async (_, make, message) => {
  const { code, error, out } = await copy(await make(), makeDataFolder())
  expect([code > 0, error, out]).toEqual([true, expect.stringContaining(message), ''])
  expect(error).not.toContain('Canary')
})

test('a password in the command line is warned of, and not repeated', async () => {
  const { databaseUrl } = await makeDatabase()
  const args = ['store', 'copy', '--from', release(await fillFolder()), '--to', databaseUrl]
  const { code, out, error } = await runCommand('', args, { env: {} })
  expect(code).toBe(0)
  expect(error).toContain('TILEPASS_DATABASE_URL')
  expect(out + error).not.toContain('Canary')
})

test('a copy needs two stores', async () => {
  const none = await runCommand('', ['store', 'copy'], { env: {} })
  expect(none).toMatchObject({ code: 2, error: expect.stringContaining('TILEPASS_DATABASE_URL') })
  const env = { TILEPASS_DATABASE_URL: '' }
  const one = await runCommand('', ['store', 'copy', '--from', 'data'], { env })
  expect(one).toMatchObject({ code: 2, error: expect.stringContaining('TILEPASS_DATABASE_URL') })
})

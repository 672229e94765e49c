import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import {
  copyKeyedFolder,
  makeDataFolder,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { dumpDatabase, makeOldData } from '../support/old-data.ts'
import { makeKeyText } from '../support/sealing-keys.ts'
import { BIN, setUpSecondBrokers } from '../support/second-broker.ts'
import { startServerProcess } from '../support/server-process.ts'

const run = promisify(execFile)

// Where Node has no SQLite of its own, a database that was closed keeps its lock until its process ends: so
// servers of the tests of restore have their own.
setUpSecondBrokers()

describe('store backup', () => {
  test('copies what a running server has written last, into one file of mode 0600', async () => {
    const { data, cli } = await startBroker()
    const file = join(makeDataFolder(), 'backup.db')
    const token = await cli(
      'token',
      'create',
      '--account',
      'demo',
      '--scope',
      'tiles:read',
      '--note',
      'last',
    )
    expect(token.code).toBe(0)
    const { code, out, error } = await cli('store', 'backup', file, '--json')
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(JSON.parse(out)).toEqual({ file, bytes: statSync(file).size })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await dumpDatabase(file)).toEqual(await dumpDatabase(join(data, 'tilepass.db')))
    expect(JSON.stringify(await dumpDatabase(file))).toContain('"last"')
    for (const suffix of ['-wal', '-shm', '-journal']) expect(existsSync(file + suffix)).toBe(false)
  })

  test('needs no key of a sealed store, and contains what is sealed', async () => {
    const { data } = await startBroker({ secretKey: () => makeKeyText(1) })
    const file = join(makeDataFolder(), 'backup.db')
    expect((await runCommand(data, ['store', 'backup', file])).code).toBe(0)
    expect(readFileSync(file).includes('sealed1.')).toBe(true)
  })

  test('overwrites nothing', async () => {
    const { cli } = await startBroker()
    const file = join(makeDataFolder(), 'backup.db')
    writeFileSync(file, 'mine')
    const { code, error } = await cli('store', 'backup', file)
    expect(code).toBe(1)
    expect(error).toContain('exists already')
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test('leaves no file if it fails', async () => {
    const data = makeDataFolder()
    writeFileSync(
      join(data, 'tilepass.db'),
      'not a database, but as long as a header of one is at least: '.repeat(20),
    )
    const folder = makeDataFolder()
    expect((await runCommand(data, ['store', 'backup', join(folder, 'backup.db')])).code).toBe(1)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['a folder that does not exist', (data: string) => [data, join(data, 'missing', 'backup.db')]],
    [
      'a data folder without a database',
      (data: string) => [join(data, 'none'), join(data, 'b.db')],
    ],
  ] as const)('says what is wrong with %s', async (_name, toArgs) => {
    const [folder = '', file = ''] = toArgs(await copyKeyedFolder())
    const { code, error } = await runCommand(folder, ['store', 'backup', file])
    expect(code).toBe(1)
    expect(error).toMatch(/does not exist|There is no tilepass\.db/)
  })

  test('leaves an older schema as it is', async () => {
    const { data } = await makeOldData()
    const before = await dumpDatabase(join(data, 'tilepass.db'))
    const file = join(makeDataFolder(), 'backup.db')
    expect((await runCommand(data, ['store', 'backup', file])).code).toBe(0)
    expect(await dumpDatabase(join(data, 'tilepass.db'))).toEqual(before)
    expect(await dumpDatabase(file)).toEqual(before)
  })
})

test('backups that are made while others write are complete up to a moment', async () => {
  const { data, cli } = await startBroker()
  const folder = makeDataFolder()
  const names = Array.from({ length: 12 }, (_, index) => `account-${index}`)
  const backUps: Promise<unknown>[] = []
  for (const name of names) {
    expect((await cli('account', 'create', name)).code).toBe(0)
    backUps.push(cli('store', 'backup', join(folder, `${name}.db`)))
  }
  await Promise.all(backUps)
  for (const [index, name] of names.entries()) {
    const text = JSON.stringify(await dumpDatabase(join(folder, `${name}.db`)))
    for (const earlier of names.slice(0, index + 1)) expect(text).toContain(`"${earlier}"`)
  }
  expect(existsSync(join(data, 'tilepass.db'))).toBe(true)
})

test('store copy refuses a folder that a server uses, which goes on: what it learns would be lost', async () => {
  const [data, target] = [await copyKeyedFolder(), makeDataFolder()]
  const server = await startServerProcess(data)
  const copy = () => runCommand('', ['store', 'copy', '--from', data, '--to', target], { env: {} })
  const refused = await copy()
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.error).toContain(`A server or a command uses ${data}`)
  expect(existsSync(join(target, 'tilepass.db'))).toBe(false)
  await run(process.execPath, [BIN, 'account', 'create', 'later', '--data', data])
  expect(await server.stop()).toBe(0)
  expect(await copy()).toMatchObject({ code: 0, error: '' })
})

describe('store restore', () => {
  /** A server on a folder with a backup, and an account that was made after it. */
  async function start() {
    const data = await copyKeyedFolder()
    const server = await startServerProcess(data)
    const file = join(makeDataFolder(), 'backup.db')
    const cli = async (...args: string[]) => {
      const { stdout } = await run(process.execPath, [BIN, ...args, '--data', data])
      return stdout
    }
    await cli('store', 'backup', file)
    await cli('account', 'create', 'later')
    const restore = (...args: string[]) => runCommand(data, ['store', 'restore', file, ...args])
    return { data, cli, file, restore, server, stop: server.stop }
  }

  test('is refused while a server uses the folder; then it brings the backup back, byte for byte', async () => {
    const { data, cli, file, restore, stop } = await start()
    const before = await dumpDatabase(join(data, 'tilepass.db'))
    const refused = await restore()
    expect(refused).toMatchObject({ code: 1, error: expect.stringContaining('Stop every server') })
    expect(await dumpDatabase(join(data, 'tilepass.db'))).toEqual(before)
    expect(readdirSync(data).filter((name) => /incoming|replaced/.test(name))).toEqual([])

    expect(await stop()).toBe(0)
    const { code, out, error } = await restore('--json')
    expect({ code, error }).toEqual({ code: 0, error: '' })
    const { replaced } = JSON.parse(out)
    expect(readFileSync(join(data, 'tilepass.db')).equals(readFileSync(file))).toBe(true)
    for (const path of [replaced, join(data, 'tilepass.db')])
      expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await dumpDatabase(replaced)).toEqual(before)
    expect(await cli('account', 'list')).not.toContain('later')
    expect(readdirSync(data)).not.toContain('tilepass-incoming.db')

    // What was replaced can be restored in turn.
    expect((await runCommand(data, ['store', 'restore', replaced])).code).toBe(0)
    expect(await cli('account', 'list')).toContain('later')
  })

  test('keeps what a killed server has committed, and replaces a damaged database', async () => {
    const { data, restore, server, file } = await start()
    server.signal('SIGKILL')
    await server.stop()
    expect(existsSync(join(data, 'tilepass.db-wal'))).toBe(true)
    const { replaced } = JSON.parse((await restore('--json')).out)
    expect(JSON.stringify(await dumpDatabase(replaced))).toContain('"later"')
    expect(existsSync(join(data, 'tilepass.db-wal'))).toBe(false)

    writeFileSync(join(data, 'tilepass.db'), 'damaged '.repeat(2_000))
    writeFileSync(join(data, 'tilepass.db-wal'), 'its journal')
    expect(await restore()).toMatchObject({ code: 0, error: '' })
    expect(readFileSync(join(data, 'tilepass.db')).equals(readFileSync(file))).toBe(true)
    expect(existsSync(join(data, 'tilepass.db-wal'))).toBe(false)
  })

  test('asks in a terminal', async () => {
    const { data, file, stop } = await start()
    await stop()
    const no = await runCommand(data, ['store', 'restore', file], { ask: async () => 'n' })
    expect(no).toMatchObject({ code: 1, error: 'Nothing was changed.\n' })
  })

  test('fills a folder that does not exist yet', async () => {
    const file = await backUp(makeDataFolder())
    const data = join(makeDataFolder(), 'new')
    expect((await runCommand(data, ['store', 'restore', file])).code).toBe(0)
    expect(statSync(data).mode & 0o777).toBe(0o700)
    expect(readdirSync(data)).toEqual(['tilepass.db'])
    expect((await runCommand(data, ['key', 'list'])).out).toContain('signing')
  })

  test.each<readonly [string, RegExp, (folder: string) => Promise<string> | string]>([
    ['a missing file', /no such file/, (folder) => join(folder, 'missing.db')],
    ['a text', /not a database of Tilepass/, (folder) => write(folder, 'hello '.repeat(500))],
    ['an empty file', /not a database of Tilepass/, (folder) => write(folder, '')],
    [
      'another database',
      /not a database of Tilepass/,
      async (folder) => {
        const file = join(folder, 'other.db')
        const database = await openSqlite(file, 0, { isCopy: true })
        database.exec('create table a (b)')
        database.close()
        return file
      },
    ],
    [
      'a damaged backup',
      /damaged/,
      async (folder) => {
        const file = await backUp(folder)
        const bytes = readFileSync(file)
        bytes.fill(0xff, 8_192, 40_000)
        writeFileSync(file, bytes)
        return file
      },
    ],
    [
      'a backup of a newer version',
      /newer version/,
      async (folder) => {
        const file = await backUp(folder)
        const database = await openSqlite(file, 0, { isCopy: true })
        database.exec('insert into schema_version values (99)')
        database.close()
        return file
      },
    ],
    [
      'a database in use',
      /journal/,
      async () => {
        const data = await copyKeyedFolder()
        await openStore({ data }, { patience: 0 })
        return join(data, 'tilepass.db')
      },
    ],
    [
      'a folder',
      /not a database|EISDIR|EINVAL/,
      (folder) => {
        mkdirSync(join(folder, 'sub'))
        return join(folder, 'sub')
      },
    ],
  ])('refuses %s, and changes nothing', async (_name, reason, makeFile) => {
    const data = await copyKeyedFolder()
    const before = await dumpDatabase(join(data, 'tilepass.db'))
    const { code, error } = await runCommand(data, [
      'store',
      'restore',
      await makeFile(makeDataFolder()),
    ])
    expect(code).toBe(1)
    expect(error).toMatch(reason)
    expect(await dumpDatabase(join(data, 'tilepass.db'))).toEqual(before)
    expect(readdirSync(data).filter((name) => /incoming|replaced/.test(name))).toEqual([])
  })
})

test.each(['backup', 'restore'])(
  'store %s names the tools of PostgreSQL where the data is there',
  async (name) => {
    const env = { TILEPASS_DATABASE_URL: 'postgresql://user:canary@db/tilepass' }
    const { code, error } = await runCommand(makeDataFolder(), ['store', name, 'file'], { env })
    expect(code).toBe(1)
    expect(error).toContain('pg_dump')
    expect(error).not.toContain('canary')
  },
)

function write(folder: string, text: string): string {
  const file = join(folder, 'file.db')
  writeFileSync(file, text)
  return file
}

async function backUp(folder: string): Promise<string> {
  const file = join(folder, 'backup.db')
  expect((await runCommand(await copyKeyedFolder(), ['store', 'backup', file])).code).toBe(0)
  return file
}

import { chmodSync, chownSync, statSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { backUpSqlite } from '../../src/store/copy-sqlite.ts'
import { restoreSqlite } from '../../src/store/restore-sqlite.ts'
import { copyKeyedFolder, makeDataFolder, NOW } from '../support/broker-under-test.ts'

async function start() {
  const folder = await copyKeyedFolder()
  const backup = join(makeDataFolder(), 'backup.db')
  await backUpSqlite(join(await copyKeyedFolder(), 'tilepass.db'), backup, 1_000)
  return { folder, path: join(folder, 'tilepass.db'), backup }
}

test('a restore replaces the database by one rename: its name is never gone', async () => {
  const { folder, path, backup } = await start()
  const old = statSync(path).ino
  const renamed: (string | null)[] = []
  const watcher = watch(folder, (event, name) => {
    if (event === 'rename') renamed.push(name)
  })
  onTestFinished(() => watcher.close())
  const { replaced = '' } = await restoreSqlite(backup, folder, NOW)
  writeFileSync(join(folder, 'end'), '')
  await expect.poll(() => renamed).toContain('end')
  expect(renamed.filter((name) => name === 'tilepass.db')).toHaveLength(1)
  expect(statSync(replaced).ino).toBe(old)
})

test.skipIf(process.getuid?.() !== 0)(
  'a restore by root keeps the owner and the mode of the database, or the owner of the folder',
  async () => {
    const { folder, path, backup } = await start()
    const read = () => {
      const { uid, gid, mode } = statSync(path)
      return { uid, gid, mode: mode & 0o777 }
    }
    chownSync(folder, 1234, 1235)
    chownSync(path, 2345, 2346)
    chmodSync(path, 0o640)
    await restoreSqlite(backup, folder, NOW)
    expect(read()).toEqual({ uid: 2345, gid: 2346, mode: 0o640 })
    const empty = makeDataFolder()
    chownSync(empty, 1234, 1235)
    await restoreSqlite(backup, empty, NOW)
    expect(statSync(join(empty, 'tilepass.db'))).toMatchObject({ uid: 1234, gid: 1235 })
  },
)

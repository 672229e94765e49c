import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listPlainCopies } from '../../src/store/plain-copies.ts'
import { settleSealing } from '../../src/store/settle-sealing.ts'
import { copyKeyedFolder, makeDataFolder, NOW } from '../support/broker-under-test.ts'
import { makeSealingKey } from '../support/sealing-keys.ts'
import { openTestStore } from '../support/store-under-test.ts'

test('copies with plain keys and those that cannot be read are named, sealed ones are not', async () => {
  const sealed = await copyKeyedFolder()
  const store = await openTestStore(sealed)
  await settleSealing(store, { keys: [makeSealingKey(1)], mayBegin: true, now: NOW })
  const plain = await copyKeyedFolder()
  const folder = makeDataFolder()
  const put = (from: string, name: string) =>
    copyFileSync(join(from, 'tilepass.db'), join(folder, name))
  put(sealed, 'tilepass-schema-9-20260131T120000000Z.db')
  put(plain, 'tilepass-schema-8-20260130T120000000Z.db')
  put(plain, 'tilepass-replaced-20260131T120000000Z-1.db')
  put(plain, 'mine.db')
  writeFileSync(join(folder, 'tilepass-replaced-20260132T120000000Z.db'), 'damaged '.repeat(999))
  expect(await listPlainCopies(folder)).toEqual([
    'tilepass-replaced-20260131T120000000Z-1.db',
    'tilepass-replaced-20260132T120000000Z.db',
    'tilepass-schema-8-20260130T120000000Z.db',
  ])
})

test('a folder that does not exist has no copies', async () => {
  expect(await listPlainCopies(join(makeDataFolder(), 'none'))).toEqual([])
})

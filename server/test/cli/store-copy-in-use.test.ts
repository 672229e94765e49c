import { expect, test } from 'vitest'
import { addAuditEntry } from '../../src/store/audit.ts'
import { openStore } from '../../src/store/open.ts'
import { makeDataFolder, NOW, runCommand } from '../support/broker-under-test.ts'

const copy = (from: string, to: string) =>
  runCommand('', ['store', 'copy', '--from', from, '--to', to], { env: {} })

test('a folder that a server uses is not copied: what it learns meanwhile would be lost', async () => {
  const [data, target] = [makeDataFolder(), makeDataFolder()]
  const store = await openStore({ data }, { patience: 1_000 })
  await addAuditEntry(store, { at: NOW, actor: 'cli', action: 'x', target: 'y' })
  const refused = await copy(data, target)
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.error).toContain(`A server or a command uses ${data}`)
  // The server goes on.
  await addAuditEntry(store, { at: NOW, actor: 'cli', action: 'x', target: 'z' })
  await store.close()
  expect(await copy(data, target)).toMatchObject({ code: 0, error: '' })
})

import { expect, test } from 'vitest'
import { listAuditEntries } from '../../src/store/audit.ts'
import { createRefusals } from '../../src/store/refusals.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const refusal = { at: NOW, actor: 'anonymous', action: 'session.fail', target: 'city' }
const from = (address: string) => ({ requestId: 'r', address })

async function start() {
  const store = await openTestStore()
  const errors: unknown[] = []
  const refusals = createRefusals(store, (error) => errors.push(error))
  const list = async () =>
    (await listAuditEntries(store, { limit: 9_999 })).map(({ sender, count }) => ({
      address: sender?.address,
      count,
    }))
  return { store, refusals, errors, list }
}

test('a thousand refusals in a minute from one address are one entry with their count', async () => {
  const { refusals, list } = await start()
  for (let count = 0; count < 500; count++)
    refusals.record({ ...refusal, sender: from('192.0.2.1') })
  await refusals.flush()
  for (let count = 0; count < 500; count++)
    refusals.record({ ...refusal, at: NOW + count, sender: from('192.0.2.1') })
  await refusals.close()
  expect(await list()).toEqual([{ address: '192.0.2.1', count: 1000 }])
})

test('refusals from more addresses than fit into memory are counted without address', async () => {
  const { refusals, list } = await start()
  for (let count = 0; count < 5_000; count++)
    refusals.record({ ...refusal, sender: from(`192.0.2.${count}`) })
  await refusals.flush()
  const entries = await list()
  expect(entries.length).toBe(1_001)
  expect(entries.filter(({ address }) => address === '')).toEqual([{ address: '', count: 4_000 }])
})

test('what a failed write has lost is written by the next', async () => {
  const { store, refusals, errors, list } = await start()
  refusals.record({ ...refusal, sender: from('192.0.2.1') })
  await store.db.schema.alterTable('audit').renameTo('gone').execute()
  await refusals.flush()
  expect(errors.length).toBe(1)
  await store.db.schema.alterTable('gone').renameTo('audit').execute()
  refusals.record({ ...refusal, sender: from('192.0.2.1') })
  await refusals.close()
  expect(await list()).toEqual([{ address: '192.0.2.1', count: 2 }])
})

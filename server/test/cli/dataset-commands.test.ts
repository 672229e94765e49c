import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

test('a dataset that was not added or removed leaves no audit entry', async () => {
  const { cli, data } = await startBroker()
  const file = join(data, 'a.txt')
  writeFileSync(file, 'a')
  const add = ['dataset', 'add', 'a', file, '--account', 'demo']
  expect((await cli(...add)).code).toBe(0)
  expect((await cli(...add)).code).toBe(1)
  expect((await cli('dataset', 'remove', 'b')).code).toBe(1)
  const entries = JSON.parse((await cli('audit', '--json')).out)
  expect(entries.map(({ action }: { action: string }) => action)).toEqual([
    'dataset.add',
    'key.create',
  ])
})

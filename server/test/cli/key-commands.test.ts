import { expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

test('key list shows no secrets', async () => {
  const { cli } = await startBroker()
  const { out } = await cli('key', 'list', '--json')
  expect(JSON.parse(out)).toEqual([
    {
      kid: expect.any(String),
      algorithm: 'RS256',
      created: expect.any(String),
      signs_from: expect.any(String),
      state: 'signing',
    },
  ])
})

test('key rotate says when the new key signs, and key list shows the state of each', async () => {
  const { cli } = await startBroker()
  const { code, out } = await cli('key', 'rotate')
  expect([code, out]).toEqual([0, expect.stringMatching(/signs from 2027-01-15 09:01:00 UTC/)])
  expect((await cli('key', 'list')).out).toMatch(/waiting[\s\S]*signing/)
})

import { expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

test('audit shows changes, and refuses an invalid limit', async () => {
  const { cli, createToken } = await startBroker()
  await createToken()
  expect((await cli('audit')).out).toMatch(/cli +token\.create +demo/)
  expect(await cli('audit', '--limit', '0')).toMatchObject({ code: 2, out: '' })
})

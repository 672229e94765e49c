import { expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

const CASES: readonly (readonly [string, readonly string[], number, string])[] = [
  ['enable without a name', ['account', 'enable'], 2, 'name'],
  ['enable of an unknown account', ['account', 'enable', 'nobody'], 1, 'tilepass account list'],
  ['enable of an active account', ['account', 'enable', 'demo'], 1, 'is not disabled'],
  ['disable of an unknown account', ['account', 'disable', 'nobody'], 1, 'tilepass account list'],
  ['delete of an unknown account', ['account', 'delete', 'nobody'], 1, 'tilepass account list'],
  ['delete of two accounts', ['account', 'delete', 'demo', 'other'], 2, 'too many arguments'],
  ['expire of an unknown account', ['account', 'expire', 'nobody'], 1, 'tilepass account list'],
  ['revoke without a key', ['key', 'revoke'], 2, 'kid'],
  ['revoke of an unknown key', ['key', 'revoke', 'nokey'], 1, 'tilepass key list'],
  ['rotate of an unknown name', ['key', 'rotate', 'mapbax'], 2, 'mapbox, refresh, device'],
  ['revoke of an unknown token', ['token', 'revoke', 'tok_x'], 1, 'tilepass token list'],
  ['expire of an unknown token', ['token', 'expire', 'tok_x'], 1, 'tilepass token list'],
]

test.each(CASES)('%s says what to do, and changes nothing', async (_, args, code, remedy) => {
  const { cli, data } = await startBroker()
  const countChanges = async () => JSON.parse((await cli('audit', '--json')).out).length
  const before = await countChanges()
  const result = await cli(...args)
  expect([result.code, result.out]).toEqual([code, ''])
  expect(result.error).toContain(remedy)
  // What is to be run next must not work on another folder.
  if (remedy.startsWith('tilepass')) expect(result.error).toContain(`${remedy} --data ${data}`)
  expect(await countChanges()).toBe(before)
})

test('delete of an account with datasets names the command that removes them', async () => {
  const { cli } = await startBroker()
  const file = new URL('../../package.json', import.meta.url).pathname
  await cli('dataset', 'add', 'earth', file, '--account', 'demo')
  const refused = await cli('account', 'delete', 'demo')
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.error).toContain('tilepass dataset remove')
  expect((await cli('account', 'list')).out).toMatch(/demo +org_\w+ +active/)
})

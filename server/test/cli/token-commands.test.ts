import { describe, expect, test } from 'vitest'
import {
  makeDataFolder,
  readClaims,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { onPostgres } from '../support/test-location.ts'

describe('token list and revoke', () => {
  test('list escapes control characters of a note', async () => {
    const { cli } = await startBroker()
    const args = ['--account', 'demo', '--scope', 'tiles:read', '--note', 'a\nb\u001b[2J']
    expect((await cli('token', 'create', ...args)).code).toBe(0)
    expect((await cli('token', 'list')).out).toContain('a\\u000ab\\u001b[2J\n')
    expect(JSON.parse((await cli('token', 'list', '--json')).out)).toMatchObject([
      { note: 'a\nb\u001b[2J' },
    ])
  })

  test('list shows tokens without their strings', async () => {
    const { cli, createToken } = await startBroker()
    const token = await createToken()
    const id = String(readClaims(token).sub)
    const json = await cli('token', 'list', '--json')
    expect(JSON.parse(json.out)).toMatchObject([
      { id, account: 'demo', format: 'jwt', revoked: null },
    ])
    expect((await cli('token', 'list')).out).toMatch(new RegExp(`${id}.*active`))
    expect((await cli('token', 'revoke', id)).code).toBe(0)
    expect((await cli('token', 'revoke', id)).code).toBe(0)
    expect((await cli('token', 'list')).out).toMatch(new RegExp(`${id}.*revoked`))
    expect(json.out).not.toContain(token.split('.')[2])
  })

  test('list names what is wrong with the page that is asked for', async () => {
    const { cli } = await startBroker()
    const wrong: readonly (readonly [string[], number, string])[] = [
      [['--before', 'tok_x'], 1, 'There is no API token with the id "tok_x"'],
      [['--limit', '0'], 2, '--limit must be a whole number from 1 to 1000 (given: "0").'],
    ]
    for (const [args, code, error] of wrong)
      expect(await cli('token', 'list', ...args)).toMatchObject({
        code,
        out: '',
        error: expect.stringContaining(error),
      })
  })

  test('revoke of an unknown id says where the ids are listed', async () => {
    const { cli } = await startBroker()
    const unknown = { code: 1, error: expect.stringContaining('tilepass token list') }
    expect(await cli('token', 'revoke', 'tok_x')).toMatchObject(unknown)
  })

  test.skipIf(onPostgres)('a folder without a store is an error, not an empty list', async () => {
    for (const args of [
      ['token', 'list'],
      ['key', 'list'],
      ['token', 'revoke', 'x'],
    ])
      expect(await runCommand(makeDataFolder(), args)).toMatchObject({
        code: 1,
        error: expect.stringContaining('--data'),
      })
  })
})

import { describe, expect, test } from 'vitest'
import {
  makeDataFolder,
  NOW,
  readClaims,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'

describe('token create', () => {
  test('prints only the token, and the running server accepts it', async () => {
    const { cli, post } = await startBroker()
    const args = ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '60', '--note', 'n']
    const { code, out, error } = await cli('token', 'create', ...args)
    expect([code, error]).toEqual([0, ''])
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(readClaims(out)).toMatchObject({
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
      token_type: 'api_token',
    })
    expect(
      (await post('/v1/auth/token', {}, { authorization: `Bearer ${out.trim()}` })).status,
    ).toBe(200)
  })

  test('before the first server run uses the URL that the server would have', async () => {
    const data = makeDataFolder()
    await runCommand(data, ['account', 'create', 'a'])
    const args = ['token', 'create', '--account', 'a', '--scope', 'tiles:read']
    const { out } = await runCommand(data, args, { env: { TILEPASS_PORT: '9000' } })
    expect(readClaims(out).iss).toBe('http://127.0.0.1:9000')
    expect(readClaims((await runCommand(data, args)).out).iss).toBe('http://127.0.0.1:9000')
  })

  test.each([
    ['no scope', ['--account', 'demo'], /--scope/],
    ['a bad scope', ['--account', 'demo', '--scope', 'a  b'], /single spaces/],
    [
      'a misspelt scope',
      ['--account', 'demo', '--scope', 'tiles:raed'],
      /unknown scope "tiles:raed"\. The scopes are: tiles:read places:read billing:manage admin:access/,
    ],
    [
      'no lifetime',
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '0'],
      /whole number/,
    ],
    [
      'a fraction',
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '1.5'],
      /whole number/,
    ],
    [
      'a scope of another format',
      ['--account', 'demo', '--scope', 'tiles:read', '--format', 'mapbox'],
      /unknown scope "tiles:read"\. The scopes are: styles:tiles/,
    ],
    ['another format', ['--account', 'demo', '--scope', 'a', '--format', 'x'], /--format must be/],
  ])('with %s exits with 2', async (_, args, message) => {
    const result = await runCommand(makeDataFolder(), ['token', 'create', ...args])
    expect(result).toMatchObject({ code: 2, out: '', error: expect.stringMatching(message) })
  })

  test('with an invalid port in the environment names the port only', async () => {
    const data = makeDataFolder()
    await runCommand(data, ['account', 'create', 'a'])
    const args = ['token', 'create', '--account', 'a', '--scope', 'tiles:read']
    const { code, error } = await runCommand(data, args, { env: { TILEPASS_PORT: 'abc' } })
    expect(code).toBe(2)
    expect(error).toContain('port: must be a whole number from 0 to 65535 (given: "abc")')
    expect(error).not.toContain('publicUrl')
  })

  test('for an unknown account says how to create it', async () => {
    const args = ['token', 'create', '--account', 'x', '--scope', 'tiles:read']
    expect(await runCommand(makeDataFolder(), args)).toMatchObject({
      code: 1,
      error: expect.stringContaining('tilepass account create x'),
    })
  })
})

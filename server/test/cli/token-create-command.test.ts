import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBroker } from '../../src/index.ts'
import {
  copyKeyedFolder,
  makeDataFolder,
  NOW,
  readClaims,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'

describe('token create', () => {
  test('prints only the token, and the running server accepts it', async () => {
    const { cli, post } = await startBroker()
    const args = [
      '--account',
      'demo',
      '--scope',
      'tiles:read',
      '--expires-in',
      '60s',
      '--note',
      'n',
    ]
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

  test('before the first server run asks for the issuer, and invents none', async () => {
    const data = makeDataFolder()
    await runCommand(data, ['account', 'create', 'a'])
    const args = ['token', 'create', '--account', 'a', '--scope', 'tiles:read']
    const refused = await runCommand(data, args, { env: { TILEPASS_PORT: '9000' } })
    expect([refused.code, refused.out]).toEqual([2, ''])
    expect(refused.error).toMatch(/--issuer.*--config/)
    const shown = await runCommand(data, ['issuer', 'show', '--json'])
    expect(JSON.parse(shown.out)).toEqual({ issuer: null })
  })

  test.each([
    ['--issuer', ['--issuer', 'https://maps.example'], {}],
    ['TILEPASS_ISSUER', [], { TILEPASS_ISSUER: 'https://maps.example' }],
    ['TILEPASS_PUBLIC_URL', [], { TILEPASS_PUBLIC_URL: 'https://maps.example' }],
  ])(
    'before the first server run takes the issuer from %s, and later ones need not name it',
    async (_, more, env) => {
      const data = makeDataFolder()
      await runCommand(data, ['account', 'create', 'a'])
      const args = ['token', 'create', '--account', 'a', '--scope', 'tiles:read']
      const first = await runCommand(data, [...args, ...more], { env })
      expect(readClaims(first.out).iss).toBe('https://maps.example')
      expect(readClaims((await runCommand(data, args)).out).iss).toBe('https://maps.example')
    },
  )

  test('with the configuration makes tokens that its server accepts, in any order', async () => {
    const folder = makeDataFolder()
    const config = join(folder, 'tilepass.json')
    writeFileSync(config, JSON.stringify({ data: 'data', publicUrl: 'https://maps.example' }))
    const run = (...args: string[]) =>
      runCommand('', [...args, '--config', config], { env: { TILEPASS_DATA: '' } })
    expect((await run('account', 'create', 'city')).out).toContain(join(folder, 'data'))
    const { out } = await run('token', 'create', '--account', 'city', '--scope', 'tiles:read')
    expect(readClaims(out).iss).toBe('https://maps.example')
    const broker = await createBroker({
      data: join(folder, 'data'),
      publicUrl: 'https://maps.example',
      now: () => NOW,
    })
    onTestFinished(() => broker.close())
    expect(await broker.verifier.verify(out.trim())).toMatchObject({ iss: 'https://maps.example' })
  })

  test.each([
    ['90d', 90 * 86_400],
    ['12h', 43_200],
    ['30m', 1_800],
    ['45s', 45],
    ['366d', 366 * 86_400],
  ])('takes the lifetime %s', async (given, seconds) => {
    const data = await copyKeyedFolder()
    await runCommand(data, ['account', 'create', 'a'])
    const args = ['--account', 'a', '--scope', 'tiles:read', '--issuer', 'https://maps.example']
    const { out } = await runCommand(data, ['token', 'create', ...args, '--expires-in', given])
    expect(Number(readClaims(out).exp) - Number(readClaims(out).iat)).toBe(seconds)
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
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '0s'],
      /from 1s/,
    ],
    [
      'a lifetime without a unit, which may have meant hours',
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '24'],
      /a duration with its unit.*"24"/,
    ],
    [
      'an unknown unit',
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '2w'],
      /such as 90d, 12h, 30m or 45s.*"2w"/,
    ],
    [
      'more than a year and a day',
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '367d'],
      /to 366d/,
    ],
    [
      'a fraction',
      ['--account', 'demo', '--scope', 'tiles:read', '--expires-in', '1.5h'],
      /such as 90d/,
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

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { describeFailure } from '../../src/cli/run.ts'
import { findAccount } from '../../src/store/accounts.ts'
import { openStore } from '../../src/store/open.ts'
import {
  makeDataFolder,
  NOW,
  readClaims,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'

describe('token create', () => {
  test('prints the token, alone, and the running server takes it', async () => {
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

  test('before the first server takes the URL that the server would have', async () => {
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
  ])('%s is a mistake of usage', async (_, args, message) => {
    const result = await runCommand(makeDataFolder(), ['token', 'create', ...args])
    expect(result).toMatchObject({ code: 2, out: '', error: expect.stringMatching(message) })
  })

  test('on a port that cannot be one names the port and nothing else', async () => {
    const data = makeDataFolder()
    await runCommand(data, ['account', 'create', 'a'])
    const args = ['token', 'create', '--account', 'a', '--scope', 'tiles:read']
    const { code, error } = await runCommand(data, args, { env: { TILEPASS_PORT: 'abc' } })
    expect(code).toBe(2)
    expect(error).toContain('port: must be a whole number from 0 to 65535 (given: "abc")')
    expect(error).not.toContain('publicUrl')
  })

  test('for an account that is not there says how to create it', async () => {
    const args = ['token', 'create', '--account', 'x', '--scope', 'tiles:read']
    expect(await runCommand(makeDataFolder(), args)).toMatchObject({
      code: 1,
      error: expect.stringContaining('tilepass account create x'),
    })
  })
})

describe('token list and revoke', () => {
  test('list lets no note move the cursor of the terminal', async () => {
    const { cli } = await startBroker()
    const args = ['--account', 'demo', '--scope', 'tiles:read', '--note', 'a\nb\u001b[2J']
    expect((await cli('token', 'create', ...args)).code).toBe(0)
    expect((await cli('token', 'list')).out).toContain('a\\u000ab\\u001b[2J\n')
    expect(JSON.parse((await cli('token', 'list', '--json')).out)).toMatchObject([
      { note: 'a\nb\u001b[2J' },
    ])
  })

  test('list knows tokens but not their strings', async () => {
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

  test('revoke of an unknown id fails and says where ids are', async () => {
    const { cli } = await startBroker()
    const unknown = { code: 1, error: expect.stringContaining('tilepass token list') }
    expect(await cli('token', 'revoke', 'tok_x')).toMatchObject(unknown)
  })

  test('a folder without data is not taken for an empty one', async () => {
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

describe('account create', () => {
  test('hashes the password of standard input with argon2id', async () => {
    const data = makeDataFolder()
    const args = ['account', 'create', 'a', '--email', 'a@b.example', '--password-stdin']
    expect((await runCommand(data, args, { input: 'secret\n' })).code).toBe(0)
    const store = await openStore(data, 1_000)
    const row = await store.db.selectFrom('account').selectAll().executeTakeFirstOrThrow()
    expect(row.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await findAccount(store, 'a')).toMatchObject({ email: 'a@b.example' })
    await store.close()
  })

  test.each(['', '\n', 'a\0b', 'x'.repeat(1025)])('refuses the password %j', async (input) => {
    const args = ['account', 'create', 'a', '--password-stdin']
    expect((await runCommand(makeDataFolder(), args, { input })).code).toBe(2)
  })

  test('refuses a name that is taken or cannot be one', async () => {
    const data = makeDataFolder()
    expect((await runCommand(data, ['account', 'create', 'a'])).code).toBe(0)
    expect((await runCommand(data, ['account', 'create', 'a'])).code).toBe(1)
    expect((await runCommand(data, ['account', 'create', 'a b'])).code).toBe(2)
  })
})

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

describe('inspect', () => {
  test('tells a good token from a revoked one, also from standard input', async () => {
    const { createToken, cli, data } = await startBroker()
    const token = await createToken()
    const args = ['inspect', '-', '--json']
    const ask = async () => JSON.parse((await runCommand(data, args, { input: `${token}\n` })).out)
    expect(await ask()).toMatchObject({
      valid: true,
      kind: 'api',
      claims: { scope: 'tiles:read places:read' },
    })
    await cli('token', 'revoke', String(readClaims(token).sub))
    expect(await ask()).toMatchObject({ valid: false, reason: 'revoked' })
  })

  test('shows a token of anybody without obeying what is in it', async () => {
    const { cli } = await startBroker()
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = `${encode({ alg: 'RS256', kid: 'a' })}.${encode({ sub: '\u009b2J\u001b[2J' })}.AAAA`
    const { out } = await cli('inspect', token)
    expect(out).toContain('\\u009b2J\\u001b[2J')
  })

  test.each([
    ['x', 'Not a JWT: expected three dot-separated parts (given: 1).'],
    ['', 'Not a JWT: expected three dot-separated parts (given: 0).'],
    ['a.b.c.d', 'Not a JWT: expected three dot-separated parts (given: 4).'],
    ['a.b.c', 'Not a JWT: its parts are not base64url-encoded JSON.'],
  ])('of %j says what is wrong with its form', async (token, message) => {
    const { code, out, error } = await runCommand(makeDataFolder(), ['inspect', token])
    expect([code, out]).toEqual([2, ''])
    expect(error).toContain(message)
  })
})

describe('account list and disable', () => {
  test('list shows who is disabled; disable ends the tokens, and is no error twice', async () => {
    const { cli, createToken, post } = await startBroker()
    const token = await createToken()
    const exchange = async () =>
      (await post('/v1/auth/token', {}, { authorization: `Bearer ${token}` })).status
    expect(await exchange()).toBe(200)
    expect((await cli('account', 'list')).out).toMatch(/demo +org_[0-9a-f]+ +active/)
    for (let count = 0; count < 2; count++)
      expect(await cli('account', 'disable', 'demo', '--json')).toMatchObject({
        code: 0,
        out: '{"name":"demo","disabled":true}\n',
      })
    expect(JSON.parse((await cli('account', 'list', '--json')).out)).toMatchObject([
      { name: 'demo', disabled: new Date(NOW).toISOString() },
    ])
    expect((await cli('token', 'list')).out).toMatch(/revoked/)
    expect(await exchange()).toBe(401)
  })

  test('says what to do about an account that is not there or disabled', async () => {
    const { cli } = await startBroker()
    const unknown = await cli('account', 'disable', 'nobody')
    expect([unknown.code, unknown.error]).toEqual([1, expect.stringContaining('account list')])
    await cli('account', 'disable', 'demo')
    const late = await cli('token', 'create', '--account', 'demo', '--scope', 'tiles:read')
    expect([late.code, late.out, late.error]).toEqual([1, '', expect.stringContaining('disabled')])
  })
})

test('key rotate says when the new key signs, and key list shows whose turn it is', async () => {
  const { cli } = await startBroker()
  const { code, out } = await cli('key', 'rotate')
  expect([code, out]).toEqual([0, expect.stringMatching(/signs from 2027-01-15 09:01:00 UTC/)])
  expect((await cli('key', 'list')).out).toMatch(/waiting[\s\S]*signing/)
})

test('audit shows changes, and refuses a limit that cannot be', async () => {
  const { cli, createToken } = await startBroker()
  await createToken()
  expect((await cli('audit')).out).toMatch(/cli +token\.create +demo/)
  expect(await cli('audit', '--limit', '0')).toMatchObject({ code: 2, out: '' })
})

test('audit tells of no dataset that was neither added nor removed', async () => {
  const { cli, data } = await startBroker()
  const file = join(data, 'a.txt')
  writeFileSync(file, 'a')
  const add = ['dataset', 'add', 'a', file, '--account', 'demo']
  expect((await cli(...add)).code).toBe(0)
  expect((await cli(...add)).code).toBe(1)
  expect((await cli('dataset', 'remove', 'b')).code).toBe(1)
  const entries = JSON.parse((await cli('audit', '--json')).out)
  expect(entries.map(({ action }: { action: string }) => action)).toEqual(['dataset.add'])
})

test.each([
  ['is no database', 'nothing like a database, but long enough to look like one'],
  ['was cut short', `SQLite format 3\0${'\x10\0\x02\x02\0@  '.padEnd(84, '\x01')}`],
])('a data folder whose tilepass.db %s is told by its file and flag', async (_, content) => {
  const data = makeDataFolder()
  writeFileSync(join(data, 'tilepass.db'), content)
  const { code, error } = await runCommand(data, ['token', 'list'])
  expect([code, error]).toEqual([1, expect.stringMatching(/tilepass\.db .*--data/)])
})

test('every command has help with an example, and JSON for machines', () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
  const printed = { text: '' }
  const program = createProgram(
    {
      env: {},
      writeOut: (text) => {
        printed.text += text
      },
      writeError: () => undefined,
      readInput: async () => '',
      now: () => NOW,
    },
    () => undefined,
  )
  const names = leaves(program).map((command) => {
    printed.text = ''
    command.outputHelp()
    const name = [command.parent?.name(), command.name()].join(' ')
    expect([name, printed.text]).toEqual([name, expect.stringContaining('\nExample')])
    if (command.name() !== 'serve')
      expect([name, printed.text]).toEqual([name, expect.stringContaining('--json')])
    return name
  })
  expect(names.length).toBeGreaterThan(10)
})

test('help has examples, and an unknown command is a mistake of usage', async () => {
  const data = makeDataFolder()
  for (const command of [['serve'], ['token', 'create'], ['account', 'create'], ['inspect']]) {
    const { code, out } = await runCommand(data, [...command, '--help'])
    expect([code, out]).toEqual([0, expect.stringContaining('Example')])
  }
  expect((await runCommand(data, ['bogus'])).code).toBe(2)
})

test.each([
  [['help', 'nope'], 'Unknown command "nope". "tilepass --help" lists the commands.\n'],
  [
    ['token', 'help', 'nope'],
    'Unknown command "nope". "tilepass token --help" lists the commands.\n',
  ],
])('%j names the command that does not exist', async (args, error) => {
  expect(await runCommand(makeDataFolder(), args)).toEqual({ code: 2, out: '', error })
})

test.each([[['help']], [['help', 'token']], [['token', 'help', 'create']], [['help', '--help']]])(
  '%j shows help',
  async (args) => {
    const { code, out, error } = await runCommand(makeDataFolder(), args)
    expect([code, error, out]).toEqual([0, '', expect.stringContaining('Usage: tilepass')])
  },
)

test('--version prints the version', async () => {
  const result = await runCommand(makeDataFolder(), ['--version'])
  expect(result).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

describe('serve', () => {
  test('on an address of no machine says which flag to change', async () => {
    const args = ['serve', '--host', '999.1.1.1', '--port', '0', '--log-level', 'silent']
    const result = await runCommand(makeDataFolder(), args)
    expect(result).toMatchObject({ code: 1, error: expect.stringContaining('--host') })
  })

  test.each([
    ['listen', '--port', 'folder'],
    ['open', 'folder', '--port'],
  ])('without the permission to %s names what to change: %s', (syscall, named, unnamed) => {
    const refusal = Object.assign(new Error(`${syscall} EACCES`), { code: 'EACCES', syscall })
    expect(describeFailure(refusal)).toContain(named)
    expect(describeFailure(refusal)).not.toContain(unnamed)
  })

  test('on a file in place of a data folder says which flag to change', async () => {
    const file = join(makeDataFolder(), 'file')
    writeFileSync(file, '')
    const result = await runCommand(file, ['serve', '--port', '0', '--log-level', 'silent'])
    expect(result).toMatchObject({ code: 1, error: expect.stringContaining('--data') })
  })
})

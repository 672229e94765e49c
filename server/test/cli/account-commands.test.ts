import { describe, expect, test } from 'vitest'
import { findAccount } from '../../src/store/accounts.ts'
import {
  copyKeyedFolder,
  makeDataFolder,
  NOW,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { openStoreOf } from '../support/store-under-test.ts'

describe('account create', () => {
  test('hashes the password of standard input with argon2id', async () => {
    const data = makeDataFolder()
    const args = ['account', 'create', 'a', '--email', 'a@b.example', '--password-stdin']
    expect((await runCommand(data, args, { input: 'secret\n' })).code).toBe(0)
    const store = await openStoreOf(data)
    const row = await store.db.selectFrom('account').selectAll().executeTakeFirstOrThrow()
    expect(row.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await findAccount(store, 'a')).toMatchObject({ email: 'a@b.example' })
    await store.close()
  })

  test.each(['', '\n', 'a\0b', 'x'.repeat(1025)])('refuses the password %j', async (input) => {
    const args = ['account', 'create', 'a', '--password-stdin']
    expect((await runCommand(makeDataFolder(), args, { input })).code).toBe(2)
  })

  test('refuses a name that is taken or invalid', async () => {
    const data = makeDataFolder()
    expect((await runCommand(data, ['account', 'create', 'a'])).code).toBe(0)
    expect((await runCommand(data, ['account', 'create', 'a'])).code).toBe(1)
    expect((await runCommand(data, ['account', 'create', 'a b'])).code).toBe(2)
  })
})

test('without accounts, the list says how to create one', async () => {
  const { out } = await runCommand(await copyKeyedFolder(), ['account', 'list'])
  expect(out).toMatch(/^No accounts yet\. Create one with: tilepass account create NAME/)
})

describe('account list and disable', () => {
  test('list shows disabled accounts; disable revokes the tokens, and works twice', async () => {
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

  test('says what to do about an unknown or disabled account', async () => {
    const { cli } = await startBroker()
    const unknown = await cli('account', 'disable', 'nobody')
    expect([unknown.code, unknown.error]).toEqual([1, expect.stringContaining('account list')])
    await cli('account', 'disable', 'demo')
    const late = await cli('token', 'create', '--account', 'demo', '--scope', 'tiles:read')
    expect([late.code, late.out, late.error]).toEqual([1, '', expect.stringContaining('disabled')])
  })
})

import { describe, expect, test } from 'vitest'
import {
  makeDataFolder,
  readClaims,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'

describe('inspect', () => {
  test('tells a valid token from a revoked one, read from standard input', async () => {
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

  test('escapes control characters of a foreign token', async () => {
    const { cli } = await startBroker()
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = `${encode({ alg: 'RS256', kid: 'a' })}.${encode({ sub: '\u009b2J\u001b[2J' })}.AAAA`
    const { out } = await cli('inspect', token)
    expect(out).toContain('\\u009b2J\\u001b[2J')
  })

  test.each([
    ['package.json', '"package.json" is a file. Read the token from it with: tilepass inspect - <'],
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

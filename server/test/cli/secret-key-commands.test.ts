import { describe, expect, test } from 'vitest'
import { runCommand, startBroker } from '../support/broker-under-test.ts'

const DAY = 86_400_000

/** A broker whose account can sign in and has an `sk`. */
async function start() {
  const broker = await startBroker()
  const { cli, data, post, url } = broker
  const args = ['--account', 'demo', '--scope', 'tokens:read', '--format', 'mapbox']
  const createSk = async () => (await cli('token', 'create', ...args)).out.trim()
  await runCommand(data, ['account', 'set-password', 'demo', '--password-stdin'], { input: 'pw' })
  const signIn = async (): Promise<string> =>
    (await (await post('/token', { username: 'demo', password: 'pw' })).json()).refresh_token
  const refresh = async (token: string) =>
    (await post('/token/refresh', { refresh_token: token })).status
  const listTokens = async (sk: string) =>
    (await fetch(`${url}/tokens/v2/demo?access_token=${sk}`)).status
  const list = async (name: string) => JSON.parse((await cli('key', 'list', name, '--json')).out)
  const rotateUntilFull = async (name: string) => {
    for (let count = 0; count < 12; count++) {
      const last = await cli('key', 'rotate', name)
      if (last.code !== 0) return last.error
    }
    throw new Error('there is no limit')
  }
  return { ...broker, createSk, signIn, refresh, listTokens, list, rotateUntilFull }
}

describe.each(['refresh', 'mapbox', 'device'])('key rotate %s', (name) => {
  test('ends no token', async () => {
    const { cli, createSk, signIn, refresh, listTokens } = await start()
    const [sk, token] = [await createSk(), await signIn()]
    expect((await cli('key', 'rotate', name)).code).toBe(0)
    expect([await listTokens(sk), await refresh(token)]).toEqual([200, 200])
  })

  test('names, when there are too many keys, the command that makes room', async () => {
    const { cli, rotateUntilFull, list } = await start()
    const error = await rotateUntilFull(name)
    const command = /tilepass (key revoke \S+)/.exec(error)?.[1]?.split(' ') ?? []
    expect((await list(name)).map(({ id }: { id: string }) => id)).toContain(command[2])
    expect((await cli(...command, '--yes')).code).toBe(0)
    expect((await cli('key', 'rotate', name)).code).toBe(0)
  })
})

test.each([
  ['refresh', 30],
  ['device', 183],
])('retired %s keys make room %i days later, audited', async (name, days) => {
  const { cli, signIn, clock, rotateUntilFull, list } = await start()
  await signIn()
  const error = await rotateUntilFull(name)
  const end = new Date(clock.now + days * DAY + 60_000).toISOString().slice(0, 19).replace('T', ' ')
  expect(error).toContain(`${end} UTC`)
  clock.now += days * DAY + 60_001
  expect((await cli('key', 'rotate', name)).code).toBe(0)
  expect(await list(name)).toHaveLength(2)
  const audit = JSON.parse((await cli('audit', '--action', 'key.remove', '--json')).out)
  expect(audit).toHaveLength(9)
  expect(audit[0]).toMatchObject({ actor: 'cli', target: expect.stringContaining(`${name}.`) })
})

test('key revoke of one Mapbox key ends the tokens of its time and no others', async () => {
  const { cli, createSk, listTokens, list } = await start()
  const old = await createSk()
  await cli('key', 'rotate', 'mapbox')
  const current = await createSk()
  const [signing, retired] = await list('mapbox')
  expect([signing.replaced, retired.replaced, retired.ends]).toEqual([
    null,
    expect.any(String),
    null,
  ])
  expect((await cli('key', 'revoke', retired.id, '--yes')).code).toBe(0)
  await expect.poll(() => listTokens(old)).toBe(401)
  expect(await listTokens(current)).toBe(200)
  expect((await cli('key', 'revoke', signing.id, '--yes')).code).toBe(0)
  await expect.poll(() => listTokens(current)).toBe(401)
  await expect.poll(async () => listTokens(await createSk())).toBe(200)
  expect((await cli('key', 'revoke', 'mapbox.0', '--yes')).error).toContain('key list')
})

test('key list shows no secret of a secret key', async () => {
  const { cli, createSk, list } = await start()
  await createSk()
  expect(await list('mapbox')).toEqual([
    {
      id: expect.stringMatching(/^mapbox\.[0-9a-f]{16}$/),
      created: expect.any(String),
      replaced: null,
      ends: null,
    },
  ])
  expect((await cli('key', 'list', 'mapbox')).out).toMatch(/signing/)
  expect((await cli('key', 'list', 'x')).code).toBe(2)
})

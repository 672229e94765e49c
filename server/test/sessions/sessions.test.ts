import { expect, test } from 'vitest'
import { runCommand, startBroker } from '../support/broker-under-test.ts'

const ask = (url: string, token: string) =>
  fetch(`${url}/account`, { headers: { authorization: `Bearer ${token}` } })

test.each([
  ['an API token', []],
  ['an API token for some tiles', ['--tilesets', 'world']],
])('T8: %s is refused as a session', async (_, args) => {
  const { cli, url } = await startBroker()
  const create = ['token', 'create', '--account', 'demo', '--scope', 'tiles:read']
  const { out } = await cli(...create, ...args)
  const response = await ask(url, out.trim())
  expect([response.status, (await response.json()).error]).toEqual([401, 'session_required'])
})

test('a change of password that is refused leaves no audit entry', async () => {
  const { data, cli, post } = await startBroker()
  const create = ['account', 'create', 'city', '--password-stdin']
  await runCommand(data, create, { input: 'right' })
  const { token } = await (await post('/token', { username: 'city', password: 'right' })).json()
  const headers = { authorization: `Bearer ${token}` }
  const change = async (password: string) =>
    (await post('/account/password', { password, new_password: 'new' }, headers)).status
  const listActions = async () =>
    JSON.parse((await cli('audit', '--json')).out).map(({ action }: { action: string }) => action)
  const before = ['session.open', 'account.create', 'key.create']
  expect([await change('wrong'), await listActions()]).toEqual([401, before])
  expect(await change('right')).toBe(204)
  expect(await listActions()).toEqual(['session.end', 'account.set-password', ...before])
})

import { expect, test } from 'vitest'
import { makeDataFolder, runCommand, startBroker } from '../support/broker-under-test.ts'
import { chooseTemplate, findDatabaseUrl } from '../support/test-location.ts'

async function makeEmpty(): Promise<string> {
  const folder = makeDataFolder()
  chooseTemplate(folder, 'empty')
  return (await findDatabaseUrl(folder)) ?? ''
}

test.each([
  [
    'a database that is away',
    async () => 'postgres://u:Canary@127.0.0.1:1/x',
    'The database cannot be used: connect ECONNREFUSED',
  ],
  [
    'a database without tables',
    makeEmpty,
    'There are no tables of Tilepass in postgres://127.0.0.1',
  ],
])('a command on %s says so, without the password', async (_, make, message) => {
  const env = { TILEPASS_DATABASE_URL: await make() }
  const { code, error, out } = await runCommand('', ['token', 'list'], { env })
  expect([code, error, out]).toEqual([1, expect.stringContaining(message), ''])
  expect(error).not.toContain('Canary')
})

test('commands say "database", and name no folder', async () => {
  const { cli } = await startBroker()
  const created = await cli('account', 'create', 'city')
  const revoked = await cli('account', 'disable', 'city', '--yes')
  expect(created.out).toContain('in the database. Next')
  expect(revoked.out).toContain('When: on every replica within 2 s')
  expect((await cli('doctor')).out).toContain('The database answers')
  for (const { out } of [created, revoked]) expect(out).not.toMatch(/folder|--data/)
})

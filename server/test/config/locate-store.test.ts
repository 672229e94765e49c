import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { describeDatabase, locateStore } from '../../src/config/locate-store.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { makeDataFolder } from '../support/broker-under-test.ts'
import { findFaults } from '../support/faults.ts'

const URL_TEXT = 'postgres://tilepass:Canary@db.example/tilepass?sslmode=verify-full'

test('the URL of the database comes from the environment, a file or a function', async () => {
  const folder = makeDataFolder()
  const config = join(folder, 'tilepass.json')
  writeFileSync(join(folder, 'url.txt'), `${URL_TEXT}\n`)
  writeFileSync(
    config,
    JSON.stringify({ databaseUrl: { file: 'url.txt' }, databaseConnections: 5 }),
  )
  const env = { TILEPASS_DATABASE_URL: URL_TEXT, OTHER: URL_TEXT }
  const settings = [
    loadConfig({ flags: {}, env }),
    loadConfig({ flags: {}, env: {}, file: config }),
    parseConfig({ databaseUrl: { env: 'OTHER' } }),
    parseConfig({ databaseUrl: async () => URL_TEXT }),
  ]
  for (const each of settings) {
    expect(JSON.stringify(each)).not.toContain('Canary')
    expect((await locateStore(each, env)).databaseUrl).toBe(URL_TEXT)
  }
  expect((await locateStore(settings[1] ?? parseConfig({}), env)).poolSize).toBe(5)
  expect(await locateStore(parseConfig({}), env)).toEqual({ data: './data' })
})

test.each([
  ['nothing', {}],
  ['a URL of another kind', { NAME: 'mysql://tilepass:Canary@db.example/tilepass' }],
  ['no URL', { NAME: 'Canary' }],
])('%s in the environment is a fault that does not quote it', async (_, env) => {
  const fault = locateStore(parseConfig({ databaseUrl: { env: 'NAME' } }), env)
  await expect(fault).rejects.toMatchObject({
    faults: [expect.stringMatching(/^databaseUrl: must/)],
  })
  await expect(fault).rejects.not.toThrow('Canary')
})

test('a URL in place of its source is a fault that does not quote it', () => {
  const faults = findFaults(() => parseConfig({ databaseUrl: URL_TEXT }))
  expect(faults).toEqual([expect.stringMatching(/^databaseUrl: .*\(given: a string, not shown\)$/)])
})

test('a data folder that is named beside a database is a fault: one of them would be ignored', () => {
  const load = () =>
    loadConfig({ flags: { data: './data' }, env: { TILEPASS_DATABASE_URL: URL_TEXT } })
  expect(findFaults(load)).toEqual([expect.stringMatching(/^--data: must not be given beside/)])
})

test('a database is shown without user, password and parameters', () => {
  expect(describeDatabase(URL_TEXT)).toBe('postgres://db.example/tilepass')
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeFailure } from '../../src/cli/run.ts'
import { StoreUnavailableError } from '../../src/store/errors.ts'
import { makeDataFolder, runCommand } from '../support/broker-under-test.ts'

test.each([
  ['is not a database', 'nothing like a database, but long enough to look like one'],
  ['was cut short', `SQLite format 3\0${'\x10\0\x02\x02\0@  '.padEnd(84, '\x01')}`],
])('a data folder whose tilepass.db %s is reported with file and flag', async (_, content) => {
  const data = makeDataFolder()
  writeFileSync(join(data, 'tilepass.db'), content)
  const { code, error } = await runCommand(data, ['token', 'list'])
  expect([code, error]).toEqual([1, expect.stringMatching(/tilepass\.db .*--data/)])
})

test.each([
  ['28P01', 'password authentication failed for user "tilepass"', 'Correct the user, the password'],
  ['3D000', 'database "tilepas" does not exist', 'Correct the user, the password'],
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432', 'then try again'],
])('a database that fails with %s is reported with what to do', (code, message, remedy) => {
  const cause = Object.assign(new Error(message), { code })
  const text = describeFailure(new StoreUnavailableError({ cause }))
  expect(text).toContain(`The database cannot be used: ${message}.`)
  expect(text).toContain(remedy)
  expect(text.includes('try again')).toBe(code === 'ECONNREFUSED')
})

test('a password that is missing is named, whatever the driver calls it', () => {
  const cause = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')
  const text = describeFailure(new StoreUnavailableError({ cause }))
  expect(text).toContain('asks for a password, and there is none in the URL or in PGPASSWORD')
  expect(text).toContain('Correct the user, the password')
})

describe('serve', () => {
  test('on an address of another machine says which flag to change', async () => {
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

  test('with a file as the data folder says which flag to change', async () => {
    const file = join(makeDataFolder(), 'file')
    writeFileSync(file, '')
    const result = await runCommand(file, ['serve', '--port', '0', '--log-level', 'silent'])
    expect(result).toMatchObject({ code: 1, error: expect.stringContaining('--data') })
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { parseBrokerConfig } from '../../src/config/parse.ts'
import { readSealingKeys } from '../../src/config/sealing-keys.ts'
import { ConfigError } from '../../src/index.ts'
import { makeDataFolder } from '../support/broker-under-test.ts'
import { makeKeyText, makeSealingKey } from '../support/sealing-keys.ts'

const [ONE, TWO] = [makeKeyText(1), makeKeyText(2)]
const IDS = [makeSealingKey(1).id, makeSealingKey(2).id]

/** @returns the ids of the keys of a configuration */
async function load(env: Record<string, string>, settings?: object) {
  const folder = makeDataFolder()
  const file = settings && join(folder, 'tilepass.json')
  if (file) writeFileSync(file, JSON.stringify(settings))
  writeFileSync(join(folder, 'key.txt'), `${ONE}\n${TWO}\n`)
  const { secretKey } = loadConfig({ flags: {}, env, file })
  return (await readSealingKeys(secretKey, env)).map(({ id }) => id)
}

describe('the keys come from', () => {
  test('nowhere by default', async () => expect(await load({})).toEqual([]))
  test('TILEPASS_SECRET_KEY', async () =>
    expect(await load({ TILEPASS_SECRET_KEY: `${ONE},${TWO}` })).toEqual(IDS))
  test('the file that TILEPASS_SECRET_KEY_FILE names', async () => {
    const file = join(makeDataFolder(), 'key')
    writeFileSync(file, `${ONE}\n`)
    expect(await load({ TILEPASS_SECRET_KEY_FILE: file })).toEqual(IDS.slice(0, 1))
  })
  test('a variable that the configuration names', async () =>
    expect(await load({ MY_KEY: ONE }, { secretKey: { env: 'MY_KEY' } })).toEqual(IDS.slice(0, 1)))
  test('a file beside the configuration', async () =>
    expect(await load({}, { secretKey: { file: 'key.txt' } })).toEqual(IDS))
  test('the environment rather than the configuration', async () => {
    const settings = { secretKey: { file: 'key.txt' } }
    expect(await load({ TILEPASS_SECRET_KEY: TWO }, settings)).toEqual(IDS.slice(1))
  })
  test('a function', async () => {
    const { secretKey } = parseBrokerConfig({ secretKey: async () => ONE })
    expect((await readSealingKeys(secretKey, {})).map(({ id }) => id)).toEqual(IDS.slice(0, 1))
  })
})

const CANARY = 'correct-horse-battery-staple-0123456789-abc'

test.each<readonly [string, Record<string, string>, object | undefined]>([
  ['a passphrase', { TILEPASS_SECRET_KEY: CANARY }, undefined],
  ['a passphrase after a key', { TILEPASS_SECRET_KEY: `${ONE} ${CANARY}` }, undefined],
  ['two sources', { TILEPASS_SECRET_KEY: ONE, TILEPASS_SECRET_KEY_FILE: CANARY }, undefined],
  ['a missing file', { TILEPASS_SECRET_KEY_FILE: `/nowhere/${CANARY}` }, undefined],
  ['a variable without a value', {}, { secretKey: { env: 'MY_KEY' } }],
  ['an empty variable', { MY_KEY: '' }, { secretKey: { env: 'MY_KEY' } }],
  ['the key itself in the configuration', {}, { secretKey: ONE }],
  ['the key as the name of a variable', {}, { secretKey: { env: ONE } }],
])('refused without quoting it: %s', async (_name, env, settings) => {
  const error: unknown = await load(env, settings).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConfigError)
  expect(String(error)).toContain('secretKey')
  for (const secret of [ONE, TWO, CANARY]) expect(String(error)).not.toContain(secret)
})

test('a file without a key is named, with what names it', async () => {
  const file = join(makeDataFolder(), 'key')
  const fail = (env: Record<string, string>, settings?: object) =>
    load(env, settings).then(String, String)
  expect(await fail({ TILEPASS_SECRET_KEY_FILE: file })).toContain(
    '(given in the file of TILEPASS_SECRET_KEY_FILE, which does not exist or cannot be reached: nothing)',
  )
  writeFileSync(file, '')
  expect(await fail({ TILEPASS_SECRET_KEY_FILE: file })).toContain(
    `(given in the file of TILEPASS_SECRET_KEY_FILE, ${file}: nothing)`,
  )
  expect(await fail({}, { secretKey: { file } })).toContain(
    `(given in the file of "secretKey", ${file}: nothing)`,
  )
})

test('a function that fails or gives no text is refused, whatever it throws', async () => {
  const throwing = () => {
    throw new Error(ONE)
  }
  const asynchronous = async () => {
    throw new Error(ONE)
  }
  for (const source of [throwing, asynchronous, () => '']) {
    const error: unknown = await readSealingKeys(source, {}).catch((reason: unknown) => reason)
    expect(String(error)).toContain('a function')
    expect(String(error)).not.toContain(ONE)
  }
})

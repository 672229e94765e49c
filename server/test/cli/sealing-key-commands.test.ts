import { describe, expect, test } from 'vitest'
import {
  copyKeyedFolder,
  makeDataFolder,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { makeKeyText, makeSealingKey } from '../support/sealing-keys.ts'

const [ONE, TWO] = [makeKeyText(1), makeKeyText(2)]
const [ID_ONE, ID_TWO] = [makeSealingKey(1).id, makeSealingKey(2).id]

describe('secret-key create', () => {
  test('prints a key that a server takes, alone and another one each time', async () => {
    const { code, out, error } = await runCommand(makeDataFolder(), ['secret-key', 'create'])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^[\w-]{43}\n$/)
    const again = await runCommand(makeDataFolder(), ['secret-key', 'create', '--json'])
    expect(JSON.parse(again.out).secret_key).toMatch(/^[\w-]{43}$/)
    expect(again.out).not.toContain(out.trim())
    await startBroker({ secretKey: () => out })
  })
})

describe('secret-key rotate', () => {
  async function start() {
    const { data, broker } = await startBroker({ secretKey: () => ONE })
    await broker.close()
    const rotate = (key: string, ...args: string[]) =>
      runCommand(data, ['secret-key', 'rotate', ...args], { env: { TILEPASS_SECRET_KEY: key } })
    return { data, rotate }
  }

  test('seals with the first key, and names the key that may go', async () => {
    const { data, rotate } = await start()
    const { code, out, error } = await rotate(`${TWO} ${ONE}`)
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(new RegExp(`Sealed 1 secrets with the key ${ID_TWO}\\.\nOnce .*${ID_ONE}`))
    const list = await runCommand(data, ['key', 'list'], { env: { TILEPASS_SECRET_KEY: TWO } })
    expect(list).toMatchObject({ code: 0, error: '' })
    expect(out + error).not.toContain(ONE)
    expect(JSON.parse((await rotate(TWO, '--json')).out)).toEqual({
      ...{ key: ID_TWO, secrets: 1, unsealed_before: 0, purged: true },
    })
  })

  test('changes nothing without the key so far', async () => {
    const { rotate } = await start()
    const { code, error } = await rotate(TWO)
    expect(code).toBe(1)
    expect(error).toContain(`${ID_ONE}, which TILEPASS_SECRET_KEY does not have (it has ${ID_TWO})`)
    expect((await rotate(ONE)).code).toBe(0)
  })

  test('needs a key, and a store that a server has sealed', async () => {
    const data = await copyKeyedFolder()
    const none = await runCommand(data, ['secret-key', 'rotate'])
    expect(none).toMatchObject({ code: 2, error: expect.stringContaining('There is no key') })
    const env = { TILEPASS_SECRET_KEY: ONE }
    const plain = await runCommand(data, ['secret-key', 'rotate'], { env })
    expect(plain).toMatchObject({ code: 1, error: expect.stringContaining('not sealed yet') })
  })
})

test.each([['token', 'list'], ['key', 'rotate', 'mapbox'], ['doctor']])(
  '%s %s on a sealed store without its key says what to set, and changes nothing',
  async (...args) => {
    const { data, broker } = await startBroker({ secretKey: () => ONE })
    await broker.close()
    const { code, error } = await runCommand(data, args)
    expect(code).toBe(1)
    expect(error).toContain('TILEPASS_SECRET_KEY_FILE')
  },
)

test('doctor says whether the store is sealed, and with which keys', async () => {
  const { data, broker } = await startBroker({ secretKey: () => ONE })
  const examine = async (folder: string, key?: string) => {
    const env: Record<string, string> = key === undefined ? {} : { TILEPASS_SECRET_KEY: key }
    const { out } = await runCommand(folder, ['doctor', '--json'], { env, now: Date.now })
    const findings: { check: string }[] = JSON.parse(out)
    return findings.find(({ check }) => check === 'secrets')
  }
  await broker.close()
  const plain = await copyKeyedFolder()
  expect(await examine(plain)).toMatchObject({
    state: 'ok',
    text: expect.stringMatching(/^Not sealed/),
  })
  expect(await examine(plain, ONE)).toMatchObject({
    ...{ state: 'warning', text: expect.stringMatching(/^Not sealed yet/) },
  })
  expect(await examine(data, ONE)).toMatchObject({
    state: 'ok',
    text: `Sealed with the key ${ID_ONE}`,
  })
  expect(await examine(data, `${ONE} ${TWO}`)).toMatchObject({
    ...{ state: 'ok', text: expect.stringContaining(`${ID_TWO} seals nothing`) },
  })
  expect(await examine(data, `${TWO} ${ONE}`)).toMatchObject({
    ...{ state: 'warning', remedy: expect.stringContaining('secret-key rotate') },
  })
})

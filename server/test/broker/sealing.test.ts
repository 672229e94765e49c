import { describe, expect, test, vi } from 'vitest'
import { type BrokerOptions, ConfigError, createBroker } from '../../src/index.ts'
import { resealAll } from '../../src/store/reseal.ts'
import { isSealed } from '../../src/store/seal.ts'
import { listStoredSecrets } from '../../src/store/sealed-columns.ts'
import {
  copyKeyedFolder,
  makeDataFolder,
  NOW,
  startBroker,
  watchLog,
} from '../support/broker-under-test.ts'
import { makeKeyText, makeSealingKey } from '../support/sealing-keys.ts'
import { openTestStore } from '../support/store-under-test.ts'

const [ONE, TWO] = [makeKeyText(1), makeKeyText(2)]
const KEY = { secretKey: { env: 'KEY' } } as const

/** A broker whose keys can be replaced. */
async function start(options: BrokerOptions = {}) {
  const keys = { text: ONE }
  const { logger, logged } = watchLog()
  const settings = { secretKey: () => keys.text, ...options }
  const running = await startBroker({ logger, ...settings })
  const count = async () => {
    const values = (await listStoredSecrets(await openTestStore(running.data))).map(
      ({ value }) => value,
    )
    return { sealed: values.filter(isSealed).length, all: values.length }
  }
  const reload = (changed: BrokerOptions = {}) =>
    running.broker.reload({ demo: true, ...settings, data: running.data, ...changed })
  return { ...running, keys, count, reload, logged }
}

test('a broker seals what its folder holds and what it makes, and says so without the key', async () => {
  const { post, count, logged } = await start()
  expect((await post('/map-token', {})).status).toBe(200)
  expect(await count()).toEqual({ sealed: 1, all: 1 })
  await post('/token', { username: 'demo', password: 'x' })
  expect(logged()).toContain('"sealed":true')
  expect(logged()).toContain(makeSealingKey(1).id)
  expect(logged()).not.toContain(ONE)
})

test('without a key nothing is sealed, and the log says that', async () => {
  const { count, logged } = await start({ secretKey: undefined })
  expect(await count()).toEqual({ sealed: 0, all: 1 })
  expect(logged()).toContain('"sealed":false')
})

test('a broker with another key does not start, and can start again with the right one', async () => {
  const { data, broker } = await start()
  await broker.close()
  await expect(createBroker({ data, ...KEY, env: { KEY: TWO } })).rejects.toThrow(
    `${makeSealingKey(1).id}, which TILEPASS_SECRET_KEY does not have`,
  )
  await expect(createBroker({ data })).rejects.toThrow('there is no key to open them')
  await (await createBroker({ data, ...KEY, env: { KEY: `${TWO} ${ONE}` } })).close()
})

test('a key that is missing is a fault of the configuration', async () => {
  await expect(createBroker({ data: makeDataFolder(), ...KEY, env: {} })).rejects.toThrow(
    /secretKey: must hold one key or several.*an environment variable: nothing/,
  )
})

describe('reload()', () => {
  test.each(['with settings', 'without'])('reads the keys again, %s', async (how) => {
    const { keys, reload, broker, post, data, logged } = await start()
    const [one, two] = [makeSealingKey(1).id, makeSealingKey(2).id]
    expect(logged()).toContain(`"secretKeyIds":["${one}"]`)
    keys.text = `${TWO},${ONE}`
    if (how === 'without') await broker.reload()
    else expect(await reload()).toEqual([])
    expect(logged()).toContain(`"secretKeyIds":["${two}","${one}"]`)
    for (const key of [ONE, TWO]) expect(logged()).not.toContain(key)
    await resealAll(await openTestStore(data), [makeSealingKey(2), makeSealingKey(1)], NOW)
    expect((await post('/map-token', {})).status).toBe(200)
    keys.text = TWO
    await broker.reload()
    expect((await post('/map-token', {})).status).toBe(200)
  })

  test('refuses keys that do not open the store, and goes on with those before', async () => {
    const { keys, reload, broker, post } = await start()
    for (const text of [TWO, '', 'changeme']) {
      keys.text = text
      await expect(reload()).rejects.toThrow(ConfigError)
      await expect(broker.reload()).rejects.toThrow(ConfigError)
    }
    await expect(reload({ secretKey: undefined })).rejects.toThrow(ConfigError)
    expect((await post('/map-token', {})).status).toBe(200)
  })

  test('does not seal a plain store: that needs a restart', async () => {
    const { reload, count } = await start({ secretKey: undefined })
    expect(await reload({ secretKey: () => ONE })).toEqual(['secretKey'])
    expect(await count()).toEqual({ sealed: 0, all: 1 })
  })
})

test('a server that lacks the key of a rotation answers 503 and is not ready until it has read it', async () => {
  const { keys, broker, post, data, url } = await start()
  const readiness = async () => (await fetch(`${url}/readyz`)).json()
  expect(await readiness()).toMatchObject({ status: 'ready' })
  await resealAll(await openTestStore(data), [makeSealingKey(2), makeSealingKey(1)], NOW)
  const ask = async () => (await post('/map-token', {})).status
  // It looks for changes at most every 250 ms.
  await vi.waitFor(async () => expect(await ask()).toBe(503))
  expect(await readiness()).toMatchObject({ reasons: ['secret key missing'] })
  keys.text = `${TWO} ${ONE}`
  await broker.reload()
  expect(await ask()).toBe(200)
  expect(await readiness()).toMatchObject({ status: 'ready' })
})

test('the folder of a test is plain, so that these tests seal something', async () => {
  const store = await openTestStore(await copyKeyedFolder())
  expect((await listStoredSecrets(store)).map(({ value }) => isSealed(value))).toEqual([false])
})

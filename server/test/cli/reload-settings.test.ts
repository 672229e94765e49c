import { expect, onTestFinished, test } from 'vitest'
import { reloadSettings } from '../../src/cli/reload-settings.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createBroker } from '../../src/index.ts'
import { copyKeyedFolder, storeVariables, watchLog } from '../support/broker-under-test.ts'

test('a port or host that has changed is named in the log at a reload, once it differs', async () => {
  const { logger, logged } = watchLog()
  const variables = await storeVariables(await copyKeyedFolder())
  const env = { ...variables, TILEPASS_ISSUER: 'https://maps.example', TILEPASS_PORT: '8080' }
  const load = () => loadConfig({ flags: {}, env })
  const { host, port, logLevel: _, ...settings } = load()
  const broker = await createBroker({ ...settings, env, logger })
  onTestFinished(() => broker.close())
  const listMoved = async () => {
    const before = logged().length
    await reloadSettings({ broker, logger, current: { host, port }, load })
    const lines = logged().slice(before).trim().split('\n')
    return lines.map((line) => JSON.parse(line)).flatMap(({ settings = [] }) => settings)
  }
  expect(await listMoved()).toEqual([])
  Object.assign(env, { TILEPASS_PORT: '9090' })
  expect(await listMoved()).toEqual(['port'])
  Object.assign(env, { TILEPASS_HOST: '::1' })
  expect(await listMoved()).toEqual(['host', 'port'])
})

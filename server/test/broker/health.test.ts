import { expect, onTestFinished, test } from 'vitest'
import { createBroker } from '../../src/index.ts'
import { copyKeyedFolder, startBroker, storeSettings } from '../support/broker-under-test.ts'
import { findValue, scrape } from '../support/scrape.ts'
import { serveHandlers } from '../support/serve-handlers.ts'
import { openStoreOf } from '../support/store-under-test.ts'

test('/readyz says why the broker is not ready, and /metrics shows it', async () => {
  const { data, url, metricsUrl } = await startBroker({ metrics: { port: 0 } })
  const readReady = async () => {
    const response = await fetch(`${url}/readyz`)
    return [response.status, await response.json()]
  }
  const readMetric = async () => findValue(await scrape(metricsUrl), 'tilepass_ready')
  expect(await readReady()).toEqual([200, { status: 'ready' }])
  expect(await readMetric()).toBe(1)
  const store = await openStoreOf(data)
  await store.db.schema.dropTable('setting').execute()
  await store.close()
  const reasons = ['store unavailable']
  await expect.poll(readReady).toEqual([503, { status: 'unavailable', reasons }])
  expect(await readMetric()).toBe(0)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('a broker that ends is not ready first, and serves what arrives until it ends', async () => {
  const { broker, url, post } = await startBroker({ drainSeconds: 1 })
  const startedAt = performance.now()
  const closing = broker.close()
  const response = await fetch(`${url}/readyz`)
  expect([response.status, await response.json()]).toEqual([
    503,
    { status: 'unavailable', reasons: ['draining'] },
  ])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await post('/map-token')).status).toBe(200)
  await closing
  expect(performance.now() - startedAt).toBeGreaterThan(950)
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
})

test('metrics can be read while the broker drains', async () => {
  const { broker, metricsUrl } = await startBroker({ drainSeconds: 1, metrics: { port: 0 } })
  const closing = broker.close()
  expect(findValue(await scrape(metricsUrl), 'tilepass_ready')).toBe(0)
  await closing
})

test('an app that mounts the broker serves its health, "starting" until the issuer is known', async () => {
  const data = await copyKeyedFolder()
  const read = async (issuer?: string) => {
    const broker = await createBroker({ ...(await storeSettings(data)), ...(issuer && { issuer }) })
    onTestFinished(() => broker.close())
    const url = await serveHandlers(broker.healthRouter)
    const response = await fetch(`${url}/readyz`)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    return [response.status, await response.json()]
  }
  expect(await read()).toEqual([503, { status: 'unavailable', reasons: ['starting'] }])
  expect(await read('https://maps.example')).toEqual([200, { status: 'ready' }])
})

test('a mounted broker does not wait for a load balancer that it does not have', async () => {
  const broker = await createBroker({
    data: await copyKeyedFolder(),
    demo: true,
    issuer: 'https://maps.example',
    drainSeconds: 600,
  })
  await broker.close()
})

import { Writable } from 'node:stream'
import { guard } from '@tilepass/guard'
import express from 'express'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ConfigError, createBroker } from '../src/index.ts'
import { redactPath } from '../src/observe/request-log.ts'
import { makeDataFolder, startBroker } from './broker-under-test.ts'

test('T10: the key set is public, cacheable, and has nothing private in it', async () => {
  const { url } = await startBroker()
  const response = await fetch(`${url}/.well-known/jwks.json`)
  expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
  const { keys } = await response.json()
  expect(keys).toHaveLength(1)
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
    expect(keys[0]).not.toHaveProperty(name)
})

test('health checks answer, and the standalone app has security headers', async () => {
  const { url } = await startBroker()
  for (const path of ['/healthz', '/readyz']) {
    const response = await fetch(`${url}${path}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(response.headers.get('x-powered-by')).toBeNull()
  }
})

test('X8: what is nowhere is 404 in JSON', async () => {
  const { url } = await startBroker()
  for (const path of ['/', '/v1/auth/token/', '/V1/auth/token', '//v1/auth/token', '/%ff']) {
    const response = await fetch(`${url}${path}`)
    expect([404, 400]).toContain(response.status)
    expect(await response.json()).toMatchObject({ success: false })
  }
})

test('a mounted broker that cannot know its issuer says what to set', async () => {
  const broker = await createBroker({ data: makeDataFolder() })
  expect(() => broker.router).toThrow(ConfigError)
  expect(() => broker.verifier).toThrow(/issuer/)
  await broker.close()
  await broker.close()
})

test("the broker's verifier guards routes of the host application", async () => {
  const data = makeDataFolder()
  const broker = await createBroker({ data, demo: true, publicUrl: 'http://127.0.0.1:1' })
  const app = express()
  app.use(broker.router)
  app.get(
    '/v1/private',
    guard({ verifier: broker.verifier, scope: 'tiles:read' }),
    (_request, response) => {
      response.send('private')
    },
  )
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const { access_token } = await (await fetch(`${url}/map-token`, { method: 'POST' })).json()
  const headers = { authorization: `Bearer ${access_token}` }
  expect(await (await fetch(`${url}/v1/private`, { headers })).text()).toBe('private')
  expect((await fetch(`${url}/v1/private`)).status).toBe(401)
  server.close().closeAllConnections()
  await broker.close()
})

test('G5: when the store cannot be read, nothing passes and 503 is logged', async () => {
  const lines: string[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  const { broker, post } = await startBroker({ logger: pino(sink) })
  const { access_token } = await (await post('/map-token')).json()
  await broker.close()
  await expect(broker.verifier.verify(access_token)).rejects.toThrow()
  expect(lines.join('')).not.toContain(access_token)
})

test('a path in the log has neither query nor token', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0b2tfMSJ9.c2lnbmF0dXJl'
  expect(redactPath(`/a/${token}/b?access_token=${token}`)).toBe('/a/[redacted]/b')
})

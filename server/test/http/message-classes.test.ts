import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { createProtectedServer } from '../../src/http/create-server.ts'
import { listen } from '../../src/http/listener.ts'

const createApp = () => {
  const app = express()
  app.get('/', (request, response) => {
    // What Express adds, and what Node has.
    response.json({ ip: request.ip, isRequest: request instanceof IncomingMessage })
  })
  return app
}

test('requests and responses of an app of Express are born with its prototypes', async () => {
  const app = createApp()
  const server = createProtectedServer(app)
  const born: object[] = []
  server.prependListener('request', (request, response) => born.push(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`)
  expect(await response.json()).toEqual({ ip: '127.0.0.1', isRequest: true })
  expect(born.map((message) => Object.getPrototypeOf(message))).toEqual([app.request, app.response])
  expect([born[0] instanceof IncomingMessage, born[1] instanceof ServerResponse]).toEqual([
    true,
    true,
  ])
})

test('two servers in one process keep to their own apps', async () => {
  const apps = [createApp(), createApp()]
  const seen = apps.map(() => [] as unknown[])
  for (const [index, app] of apps.entries())
    app.use((request, response) => {
      seen[index]?.push(request.app, response.app)
      response.end()
    })
  for (const app of apps) {
    const listener = await listen(async () => app, 0, '127.0.0.1')
    onTestFinished(() => listener.close())
    expect((await fetch(`${listener.url}/`)).status).toBe(200)
    expect((await fetch(`${listener.url}/other`)).status).toBe(200)
  }
  expect(seen).toEqual(apps.map((app) => [app, app]))
})

test('a handler without Express gets the stock messages', async () => {
  let prototypes: unknown[] = []
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    prototypes = [request, response].map((message) => Object.getPrototypeOf(message))
    response.end()
  }
  const listener = await listen(async () => handler, 0, '127.0.0.1')
  onTestFinished(() => listener.close())
  await fetch(listener.url)
  expect(prototypes).toEqual([IncomingMessage.prototype, ServerResponse.prototype])
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { onTestFinished } from 'vitest'

/** Serves Express handlers on a free port until the test ends, and resolves to the URL. */
export async function serveHandlers(
  ...handlers: (RequestHandler | ErrorRequestHandler)[]
): Promise<string> {
  const app = express()
  for (const handler of handlers) app.use(handler)
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'

/** An HTTP server that a test started. */
export interface TestServer {
  /** Its URL without a slash at the end. */
  readonly url: string
  /** `host:port`. */
  readonly address: string
  /** Ends every connection and refuses new ones, until `accept` is called. */
  refuse(): void
  /** Accepts connections again, on the same port. */
  accept(): Promise<void>
  /** Stops it, and closes its connections. */
  close(): void
}

/**
 * Starts a server on a free port of the loopback interface.
 *
 * @param handle Where it fails, for instance because what it asks has ended before the page, the client
 *   gets no answer.
 */
export async function startServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<TestServer> {
  const server = createServer(async (request, response) => {
    try {
      await handle(request, response)
    } catch (error) {
      if (server.listening) process.stderr.write(`${inspect(error)}\n`)
      response.destroy()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const address = `127.0.0.1:${port}`
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return {
    url: `http://${address}`,
    address,
    refuse: close,
    accept: async () => {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    close,
  }
}

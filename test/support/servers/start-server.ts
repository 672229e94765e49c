import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server that a test started. */
export interface TestServer {
  /** Its URL without a slash at the end. */
  readonly url: string
  /** `host:port`. */
  readonly address: string
  /** Stops it, and closes its connections. */
  close(): void
}

/** Starts a server on a free port of the loopback interface. */
export async function startServer(handle: RequestListener): Promise<TestServer> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${address}`,
    address,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

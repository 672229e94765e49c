import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server that is listening. */
export interface Listener {
  readonly url: string
  readonly port: number
  /** Stops accepting, lets running requests end, and ends what is left after 10 s. */
  close(): Promise<void>
}

/** ms until a client must have sent its headers, and its whole request. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 12_000
/** How often Node looks for clients that are too slow, in ms; its own default is 30 s. */
const CHECK_INTERVAL = 2_000
const FORCE_CLOSE_AFTER = 10_000

/**
 * Starts an HTTP server that slow clients cannot occupy.
 *
 * @param createHandler Called once the URL is known; requests that come before it is done wait.
 * @param port 0 takes a free one.
 * @throws Node's error if the address is in use or not ours.
 */
export async function listen(
  createHandler: (url: string) => Promise<RequestListener>,
  port: number,
  host: string,
): Promise<Listener> {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: CHECK_INTERVAL,
  })
  const started = once(server, 'listening').then(async () => {
    const listener = describe(server, host)
    return { listener, handler: await createHandler(listener.url) }
  })
  server.on('request', (request, response) => {
    started.then(
      ({ handler }) => handler(request, response),
      () => response.destroy(),
    )
  })
  server.listen(port, host)
  try {
    return (await started).listener
  } catch (error) {
    server.close()
    throw error
  }
}

function describe(server: Server, host: string): Listener {
  const address = server.address()
  if (!isAddressInfo(address)) throw new TypeError('The server has no port')
  const { port } = address
  return {
    url: `http://${formatHost(host)}:${port}`,
    port,
    close: () => closeServer(server),
  }
}

async function closeServer(server: Server): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), FORCE_CLOSE_AFTER)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(force)
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

// A wildcard address is nothing that a client could ask for.
function formatHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

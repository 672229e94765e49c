import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'

/** An HTTP server that is listening. */
export interface Listener {
  readonly url: string
  readonly port: number
  /** Stops accepting, lets running requests end, and ends what is left after 9 s. */
  close(): Promise<void>
}

/** ms until a client must have sent its headers, and its whole request. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 12_000
/** How often Node looks for clients that are too slow, in ms; its own default is 30 s. */
const CHECK_INTERVAL = 2_000
/** Whoever stops us often waits 10 s before it kills us. */
const FORCE_CLOSE_AFTER = 9_000
/** How soon a busy client sends its next request on a connection, in ms. */
const PAUSE = 50

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
  const close = createClose(server)
  const started = once(server, 'listening').then(async () => {
    const listener = { ...describe(server, host), close }
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

function describe(server: Server, host: string): Omit<Listener, 'close'> {
  const address = server.address()
  if (!isAddressInfo(address)) throw new TypeError('The server has no port')
  const { port } = address
  return { url: `http://${formatHost(host)}:${port}`, port }
}

/**
 * Creates the function that closes a server without dropping a request.
 *
 * A connection that looks idle may carry a busy client's next request already. So every connection is
 * closed with its next answer, and what is left once no request has been running for a moment.
 */
function createClose(server: Server): () => Promise<void> {
  const running = new Set<ServerResponse>()
  let isClosing = false
  let quiet: NodeJS.Timeout | undefined
  const announce = (response: ServerResponse) => {
    if (!response.headersSent) response.setHeader('Connection', 'close')
  }
  const closeIfQuiet = () => {
    if (running.size === 0) server.closeAllConnections()
  }
  const awaitQuiet = () => {
    clearTimeout(quiet)
    // After a stall the timer is due before what has arrived meanwhile was read.
    quiet = setTimeout(() => setImmediate(closeIfQuiet), PAUSE)
  }
  server.on('request', (_request, response) => {
    running.add(response)
    if (isClosing) announce(response)
    response.once('close', () => {
      running.delete(response)
      if (isClosing) awaitQuiet()
    })
  })

  return async () => {
    isClosing = true
    for (const response of running) announce(response)
    awaitQuiet()
    const force = setTimeout(() => server.closeAllConnections(), FORCE_CLOSE_AFTER)
    await new Promise<void>((resolve) => {
      // Right after whoever has connected was accepted. HTTP's own `close` would besides drop at once
      // what looks idle.
      setImmediate(() => NetServer.prototype.close.call(server, () => resolve()))
    })
    clearTimeout(force)
    clearTimeout(quiet)
    // Ends its search for slow clients.
    server.close()
  }
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

// A wildcard address is nothing that a client could ask for.
function formatHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

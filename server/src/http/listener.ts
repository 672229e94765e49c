import { once } from 'node:events'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { type ProtectedServerOptions, protectServer } from './create-server.ts'
import { createMessageClasses } from './message-classes.ts'
import { onResponseEnd } from './response-end.ts'

/** An HTTP server that is listening. */
export interface Listener {
  readonly url: string
  readonly port: number
  /** Stops accepting connections, lets running requests end, and closes the rest after 9 s. */
  close(): Promise<void>
}

/** In ms. Process managers often wait 10 s before they kill a process. */
const FORCE_CLOSE_AFTER = 9_000
/** Within how many ms a busy client sends its next request on a connection. */
const PAUSE = 50

/**
 * Starts a {@link protectServer | protected server}.
 *
 * @param createHandler Called once the URL is known; requests wait until it has resolved.
 * @param port 0 takes a free one.
 * @throws Node's error if the address is in use or does not belong to this machine.
 */
export async function listen(
  createHandler: (url: string) => Promise<RequestListener>,
  port: number,
  host: string,
  options?: ProtectedServerOptions,
): Promise<Listener> {
  let handler: RequestListener | undefined
  const messages = createMessageClasses()
  const handle: RequestListener = (request, response) => {
    if (handler) return handler(request, response)
    started.then(
      (created) => created.handler(request, response),
      () => response.destroy(),
    )
  }
  const server = protectServer(handle, messages, options)
  const close = createClose(server)
  const started = once(server, 'listening').then(async () => {
    const listener = { ...describe(server, host), close }
    handler = await createHandler(listener.url)
    messages.adopt(handler)
    return { listener, handler }
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
 * The next request of a busy client may already be under way on a connection that looks idle. So each
 * connection is closed with its next response, and the remaining ones once no request has been running
 * for a moment.
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
    // After a stall the timer fires before the requests that arrived meanwhile are read.
    quiet = setTimeout(() => setImmediate(closeIfQuiet), PAUSE)
  }
  server.prependListener('request', (_request, response) => {
    running.add(response)
    if (isClosing) announce(response)
    onResponseEnd(response, () => {
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
      // After the pending connections were accepted. The `close` of HTTP servers would also drop the
      // connections that look idle.
      setImmediate(() => NetServer.prototype.close.call(server, () => resolve()))
    })
    clearTimeout(force)
    clearTimeout(quiet)
    // Stops the check for slow clients.
    server.close()
  }
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

// A client cannot connect to a wildcard address.
function formatHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { toAddressKey } from './address-key.ts'
import { createMessageClasses, type MessageClasses } from './message-classes.ts'
import { createPipelineLimit } from './pipelining.ts'
import { closeSlowReaders } from './slow-readers.ts'
import { createTurns } from './turns.ts'

/** Within how many ms a client must send its headers, and its whole request. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 12_000
/** A connection on which nothing moves for so long is closed, in ms. */
const STALL_TIMEOUT = 30_000
/** How often Node looks for slow clients, in ms; its default is 30 s. With it, 15 s are met on a busy machine. */
const CHECK_INTERVAL = 1_000
const MOST_CONNECTIONS = 10_000
const MOST_CONNECTIONS_PER_ADDRESS = 256
/** New connections that are read from in one turn of the event loop. */
const MOST_STARTS = 4

/** Options of {@link createProtectedServer}. */
export interface ProtectedServerOptions {
  /** Clients connect through a proxy, whose address is that of all of them. Default: false. */
  readonly isBehindProxy?: boolean
}

/**
 * Creates an HTTP server that no client can occupy: not by requests that it sends slowly or by the
 * thousand, nor by responses that it does not read. At most 8 requests of a connection are handled at
 * the same time, and an address may have 256 of the 10,000 connections, except behind a proxy. Clients
 * over a limit are disconnected.
 *
 * A broker that listens by itself has such a server. For apps that mount one:
 * `createProtectedServer(app).listen(3000)`.
 */
export function createProtectedServer(
  handler: RequestListener,
  options?: ProtectedServerOptions,
): Server {
  const messages = createMessageClasses()
  messages.adopt(handler)
  return protectServer(handler, messages, options)
}

/** Creates the same with given classes of its messages, for a handler that comes later. */
export function protectServer(
  handler: RequestListener,
  { IncomingMessage, ServerResponse }: MessageClasses,
  { isBehindProxy = false }: ProtectedServerOptions = {},
): Server {
  const takeTurn = createPipelineLimit()
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
      IncomingMessage,
      ServerResponse,
    },
    (request, response) => takeTurn(request, response, () => handler(request, response)),
  )
  // Node itself would answer an unknown expectation at once, however many requests have one.
  server.on('checkExpectation', (request, response) =>
    takeTurn(request, response, () => response.writeHead(417).end()),
  )
  server.timeout = STALL_TIMEOUT
  server.maxConnections = MOST_CONNECTIONS
  if (!isBehindProxy) limitPerAddress(server)
  startGradually(server)
  closeSlowReaders(server)
  return server
}

/**
 * Reads from few new connections per turn of the event loop. The first read of each may hold a thousand
 * requests, and every connection that has something to read is read before any timer or response.
 */
function startGradually(server: Server): void {
  const start = createTurns((socket: Socket) => socket.resume(), { perTurn: MOST_STARTS })
  server.on('connection', (socket: Socket) => {
    if (socket.destroyed) return
    socket.pause()
    start(socket)
  })
}

function limitPerAddress(server: Server): void {
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const key = toAddressKey(socket.remoteAddress)
    const count = (counts.get(key) ?? 0) + 1
    if (count > MOST_CONNECTIONS_PER_ADDRESS) return void socket.destroy()
    counts.set(key, count)
    socket.once('close', () => {
      const rest = (counts.get(key) ?? 1) - 1
      if (rest > 0) counts.set(key, rest)
      else counts.delete(key)
    })
  })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { onResponseEnd } from './response-end.ts'

/** How many requests of one connection are handled at the same time. */
const MOST_RUNNING = 8
/**
 * How many more may wait. A connection of which more were parsed at once is closed; only one that is not
 * read in pieces can have so many.
 */
const MOST_WAITING = 128

/** How much of a connection is parsed at a time, in bytes: some twenty of the smallest requests. */
const PIECE = 1024

/** The requests of one connection. */
interface Line {
  running: number
  readonly waiting: (() => void)[]
  isDue: boolean
  /** What was read and not yet parsed. */
  unparsed: Buffer
  /** Parses more of it, once nothing waits. */
  parse: () => void
}

/** Handles a request when it is its turn; never if its connection is closed before. */
export type TakeTurn = (request: IncomingMessage, response: ServerResponse, run: () => void) => void

/** Limits the requests of each connection. */
export interface PipelineLimit {
  readonly takeTurn: TakeTurn
  /**
   * Parses what the connection sends in pieces, and no more of it while requests wait. For a server's
   * own connections, as it emits them; others are limited by `takeTurn` alone.
   */
  readInPieces(socket: Socket): void
}

/**
 * Limits how many requests of one connection are handled at the same time. HTTP/1.1 lets a client send
 * requests without waiting for responses (RFC 9112 §9.3.2), and Node parses and starts all that it has
 * read: 64 KB of them are a thousand.
 */
export function createPipelineLimit(): PipelineLimit {
  const lines = new WeakMap<Socket, Line>()
  const close = createSpreadClose()

  function findLine(socket: Socket): Line {
    const known = lines.get(socket)
    if (known) return known
    const line: Line = {
      running: 0,
      waiting: [],
      isDue: false,
      unparsed: Buffer.alloc(0),
      parse: () => undefined,
    }
    lines.set(socket, line)
    // Node resumes a socket whenever a request on it has been read, or what it held back may go on.
    socket.on('resume', () => {
      line.parse()
      if (isFull(line)) socket.pause()
    })
    return line
  }

  function start(line: Line, socket: Socket, response: ServerResponse, run: () => void) {
    if (socket.destroyed) return
    line.running += 1
    onResponseEnd(response, () => {
      line.running -= 1
      if (line.isDue || !isFull(line)) return
      line.isDue = true
      // Not at once: responses that end at once would keep the event loop from every other connection.
      setImmediate(() => {
        line.isDue = false
        while (line.running < MOST_RUNNING) {
          const next = line.waiting.shift()
          if (!next) break
          next()
        }
        line.parse()
        if (!isFull(line) && !isHeldBack(socket)) socket.resume()
      })
    })
    run()
  }

  function takeTurn(request: IncomingMessage, response: ServerResponse, run: () => void): void {
    const { socket } = request
    // HTTP/2 has limits of its own, and a socket that must not be paused.
    if (request.httpVersionMajor > 1) {
      run()
      return
    }
    const line = findLine(socket)
    if (line.running < MOST_RUNNING && line.waiting.length === 0) {
      start(line, socket, response, run)
      return
    }
    if (line.waiting.length < MOST_WAITING)
      line.waiting.push(() => start(line, socket, response, run))
    else close(socket)
    socket.pause()
  }

  function readInPieces(socket: Socket): void {
    // Node's parser. With a listener of another kind it would take over the connection itself.
    const [read, ...others] = socket.listeners('data')
    if (!read || others.length > 0) return
    const line = findLine(socket)
    line.parse = () => {
      const mayParse = () =>
        line.unparsed.length > 0 && line.waiting.length === 0 && !isHeldBack(socket)
      while (mayParse() && !socket.destroyed) {
        const piece = line.unparsed.subarray(0, PIECE)
        line.unparsed = line.unparsed.subarray(PIECE)
        Reflect.apply(read, socket, [piece])
        // The request was an upgrade: the rest is not HTTP, and belongs to whoever took the connection.
        if (Reflect.get(socket, 'parser') === null) return leave()
      }
      if (isFull(line)) socket.pause()
    }
    const leave = () => {
      socket.off('data', keep)
      if (line.unparsed.length > 0) socket.unshift(line.unparsed)
      line.unparsed = Buffer.alloc(0)
    }
    const keep = (chunk: Buffer) => {
      line.unparsed = line.unparsed.length > 0 ? Buffer.concat([line.unparsed, chunk]) : chunk
      line.parse()
    }
    socket.off('data', read as (chunk: Buffer) => void)
    socket.on('data', keep)
  }

  return { takeTurn, readInPieces }
}

/**
 * Does Node hold the connection back, because responses wait to be read? Its parser must get nothing
 * then, which would end the process; Node resumes the connection itself.
 */
const isHeldBack = (socket: Socket) => Reflect.get(socket, '_paused') === true

const isFull = ({ waiting, unparsed }: Line) => waiting.length > 0 || unparsed.length > 0

/**
 * Closes one connection per turn of the event loop. Node creates an error with a stack for each request
 * that it aborts, and there may be a thousand of them on each of many connections.
 */
function createSpreadClose(): (socket: Socket) => void {
  const sockets = new Set<Socket>()
  function closeNext(): void {
    for (const socket of sockets) {
      sockets.delete(socket)
      socket.destroy()
      break
    }
    if (sockets.size > 0) setImmediate(closeNext)
  }
  return (socket) => {
    if (sockets.size === 0) setImmediate(closeNext)
    sockets.add(socket)
  }
}

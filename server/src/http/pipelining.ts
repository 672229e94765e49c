import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { onResponseEnd } from './response-end.ts'

/** How many requests of one connection are handled at the same time. */
const MOST_RUNNING = 8
/** How many more may wait. A connection that sends more without reading is closed: no browser or proxy does. */
const MOST_WAITING = 128

/** The requests of one connection. */
interface Line {
  running: number
  readonly waiting: (() => void)[]
  isDue: boolean
}

/** Handles a request when it is its turn; never if its connection is closed before. */
export type TakeTurn = (request: IncomingMessage, response: ServerResponse, run: () => void) => void

/**
 * Limits how many requests of one connection are handled at the same time. HTTP/1.1 lets a client send
 * requests without waiting for responses (RFC 9112 §9.3.2), and Node starts all of them at once: 64 KB
 * of them are a thousand.
 */
export function createPipelineLimit(): TakeTurn {
  const lines = new WeakMap<Socket, Line>()
  const close = createSpreadClose()

  function findLine(socket: Socket): Line {
    const known = lines.get(socket)
    if (known) return known
    const line: Line = { running: 0, waiting: [], isDue: false }
    lines.set(socket, line)
    // Node resumes a socket whenever a request on it has been read.
    socket.on('resume', () => {
      if (line.waiting.length > 0) socket.pause()
    })
    return line
  }

  function start(line: Line, socket: Socket, response: ServerResponse, run: () => void) {
    if (socket.destroyed) return
    line.running += 1
    onResponseEnd(response, () => {
      line.running -= 1
      if (line.isDue || line.waiting.length === 0) return
      line.isDue = true
      // Not at once: responses that end at once would keep the event loop from every other connection.
      setImmediate(() => {
        line.isDue = false
        while (line.running < MOST_RUNNING) {
          const next = line.waiting.shift()
          if (!next) break
          next()
        }
        if (line.waiting.length === 0) socket.resume()
      })
    })
    run()
  }

  return (request, response, run) => {
    const { socket } = request
    // HTTP/2 has limits of its own, and a socket that must not be paused.
    if (request.httpVersionMajor > 1) {
      run()
      return
    }
    const line = findLine(socket)
    if (line.running < MOST_RUNNING && line.waiting.length === 0) {
      return start(line, socket, response, run)
    }
    if (line.waiting.length < MOST_WAITING)
      line.waiting.push(() => start(line, socket, response, run))
    else close(socket)
    socket.pause()
  }
}

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

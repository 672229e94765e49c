import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { onResponseEnd } from './response-end.ts'
import { createTurns } from './turns.ts'

/** How many requests of one connection are handled at the same time. */
const MOST_RUNNING = 8
/** How many more may wait. A connection that sends more without reading is closed: no browser or proxy does. */
const MOST_WAITING = 128

/** The requests of one connection. */
interface Line {
  running: number
  readonly waiting: (() => void)[]
}

/** Handles a request when it is its turn; never if its connection is closed before. */
export type TakeTurn = (request: IncomingMessage, response: ServerResponse, run: () => void) => void

/**
 * Limits how many requests of one connection are handled at the same time, and makes connections take
 * turns. HTTP/1.1 lets a client send requests without waiting for responses (RFC 9112 §9.3.2), and Node
 * starts all of them at once: 64 KB of them are a thousand.
 *
 * A request that is alone on its connection is handled at once. Of all the others, one starts in each
 * turn of the event loop. A request runs until its response was written to the network, so that a client
 * which reads nothing gets no more started.
 */
export function createPipelineLimit(): TakeTurn {
  const lines = new WeakMap<Socket, Line>()
  // Node creates an error with a stack for each request that it aborts: up to a thousand per connection.
  const close = createTurns((socket: Socket) => socket.destroy())
  const continueLater = createTurns((socket: Socket) => {
    const line = findLine(socket)
    if (socket.destroyed) line.waiting.length = 0
    if (line.running < MOST_RUNNING) line.waiting.shift()?.()
    if (line.waiting.length === 0) socket.resume()
    else if (line.running < MOST_RUNNING) continueLater(socket)
  })

  function findLine(socket: Socket): Line {
    const known = lines.get(socket)
    if (known) return known
    const line: Line = { running: 0, waiting: [] }
    lines.set(socket, line)
    // Node resumes a socket whenever a request on it has been read.
    socket.on('resume', () => {
      if (line.waiting.length > 0) socket.pause()
    })
    return line
  }

  return (request, response, run) => {
    const { socket } = request
    // HTTP/2 has limits of its own, and a socket that must not be paused.
    if (request.httpVersionMajor > 1) {
      run()
      return
    }
    const line = findLine(socket)
    const start = () => {
      if (socket.destroyed) return
      line.running += 1
      onResponseEnd(response, () => {
        line.running -= 1
        if (line.waiting.length > 0) continueLater(socket)
      })
      run()
    }
    if (line.running === 0 && line.waiting.length === 0) return start()
    if (line.running + line.waiting.length < MOST_RUNNING + MOST_WAITING) {
      line.waiting.push(start)
      continueLater(socket)
    } else close(socket)
    socket.pause()
  }
}

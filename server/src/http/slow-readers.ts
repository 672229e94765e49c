import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { writeInParts } from './parts.ts'

/** A client must take 1 KiB/s of a response, on average over this time, in ms … */
const WINDOW = 60_000
/** … which are this many bytes. No write is larger, so that a client which is fast enough completes one. */
const LEAST_TAKEN = (WINDOW / 1000) * 1024
/** How often the connections are looked at, in ms. */
const CHECK_INTERVAL = 5_000

/** When a connection began to be watched, and how much the client had taken. */
export interface Watch {
  /** ms. */
  readonly since: number
  /** Bytes. */
  readonly taken: number
}

/** Judges a client that has a response under way: `slow` if it took less than 1 KiB/s over the last 60 s. */
export function judgeReader(watch: Watch, now: number, taken: number): 'fast' | 'slow' | 'unknown' {
  if (now - watch.since < WINDOW) return 'unknown'
  return taken - watch.taken < LEAST_TAKEN ? 'slow' : 'fast'
}

/**
 * Closes the connections of clients that read too slowly. A client that takes nothing at all is left
 * to the timeout of the server, which is shorter.
 *
 * @param now ms of a clock that only goes forward.
 */
export function closeSlowReaders(server: Server, now = () => performance.now()): void {
  const clients = new Map<Socket, { taken: number; watch: Watch | undefined }>()
  server.on('connection', (socket: Socket) => {
    const client = { taken: 0, watch: undefined }
    clients.set(socket, client)
    writeInParts(socket, LEAST_TAKEN, (bytes) => {
      client.taken += bytes
    })
    socket.once('close', () => clients.delete(socket))
  })

  const timer = setInterval(() => {
    for (const [socket, client] of clients) {
      const { taken, watch } = client
      if (socket.writableLength === 0) {
        client.watch = undefined
        continue
      }
      const judgement = watch ? judgeReader(watch, now(), taken) : 'fast'
      if (judgement === 'slow') socket.destroy()
      if (judgement === 'fast') client.watch = { since: now(), taken }
    }
  }, CHECK_INTERVAL)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

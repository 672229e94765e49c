import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** A client must take at least this much of a response … */
const BYTES_PER_SECOND = 1024
/** … on average over this time, in ms. */
const WINDOW = 60_000
/** How often the connections are looked at, in ms. */
const CHECK_INTERVAL = 5_000

/** When a connection began to be watched, how much the client had taken, and how much was under way. */
export interface Watch {
  /** ms. */
  readonly since: number
  /** Bytes. */
  readonly taken: number
  readonly pending: number
}

/**
 * Judges a client that has a response under way: `slow` if it took less than 1 KiB/s over the last 60 s.
 * The window is longer if so much is pending that one write of it takes longer at that speed, because
 * a write counts when it is complete.
 */
export function judgeReader(watch: Watch, now: number, taken: number): 'fast' | 'slow' | 'unknown' {
  const elapsed = now - watch.since
  const required = Math.max(WINDOW, (watch.pending / BYTES_PER_SECOND) * 1000)
  if (elapsed < required) return 'unknown'
  return ((taken - watch.taken) / elapsed) * 1000 < BYTES_PER_SECOND ? 'slow' : 'fast'
}

/**
 * Closes the connections of clients that read too slowly. A client that takes nothing at all is left
 * to the timeout of the server.
 *
 * @param now ms of a clock that only goes forward.
 */
export function closeSlowReaders(server: Server, now = () => performance.now()): void {
  const watches = new Map<Socket, Watch | undefined>()
  server.on('connection', (socket: Socket) => {
    watches.set(socket, undefined)
    socket.once('close', () => watches.delete(socket))
  })

  const timer = setInterval(() => {
    for (const [socket, watch] of watches) {
      const { writableLength: pending, bytesWritten } = socket
      if (pending === 0) {
        watches.set(socket, undefined)
        continue
      }
      const taken = bytesWritten - pending
      const judgement = watch ? judgeReader(watch, now(), taken) : 'fast'
      if (judgement === 'slow') socket.destroy()
      if (judgement === 'fast') watches.set(socket, { since: now(), taken, pending })
    }
  }, CHECK_INTERVAL)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

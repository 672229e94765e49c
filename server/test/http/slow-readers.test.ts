import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { closeSlowReaders, judgeReader } from '../../src/http/slow-readers.ts'

afterEach(() => vi.useRealTimers())

const KIB = 1024

test.for([
  { after: 59, taken: 0, pending: 0, is: 'unknown' },
  { after: 60, taken: 0, pending: 0, is: 'slow' },
  { after: 60, taken: 59 * KIB, pending: 0, is: 'slow' },
  { after: 60, taken: 60 * KIB, pending: 0, is: 'fast' },
  { after: 3600, taken: 60 * KIB, pending: 0, is: 'slow' },
  // One write of 4 MB counts when all of it was taken.
  { after: 60, taken: 0, pending: 4096 * KIB, is: 'unknown' },
  { after: 4095, taken: 0, pending: 4096 * KIB, is: 'unknown' },
  { after: 4096, taken: 4095 * KIB, pending: 4096 * KIB, is: 'slow' },
] as const)(
  'a client that took $taken bytes in $after s, with $pending under way, is $is',
  ({ after, taken, pending, is }) => {
    const watch = { since: 5_000, taken: 77, pending }
    expect(judgeReader(watch, 5_000 + after * 1000, 77 + taken)).toBe(is)
  },
)

/** A server whose responses never end, and a clock that the test moves. */
async function start() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const time = { now: 0 }
  const server = createServer((_request, response) =>
    response.write(Buffer.alloc(64 * 1024 * 1024)),
  )
  closeSlowReaders(server, () => time.now)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  return {
    socket,
    /** Moves the clock in the steps of the check. */
    advance(seconds: number) {
      for (let step = 0; step < seconds / 5; step += 1) {
        time.now += 5_000
        vi.advanceTimersByTime(5_000)
      }
    },
    server,
  }
}

test('a connection whose client takes too little is closed', async () => {
  const { socket, server, advance } = await start()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(server, 'request')
  const closed = once(socket, 'close')
  // One write of 64 MB may take 18 hours at 1 KiB/s.
  advance(66_000)
  socket.resume()
  await closed
})

test('a connection without a response under way stays open', async () => {
  const { socket, server, advance } = await start()
  await once(server, 'connection')
  advance(600)
  expect(socket.destroyed).toBe(false)
  const connections = new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  expect(await connections).toBe(1)
  socket.destroy()
})

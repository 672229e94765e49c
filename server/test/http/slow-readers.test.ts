import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { closeSlowReaders, judgeReader } from '../../src/http/slow-readers.ts'

afterEach(() => vi.useRealTimers())

const KIB = 1024
const MIB = 1024 * KIB

test.for([
  { after: 59, taken: 0, is: 'unknown' },
  { after: 60, taken: 0, is: 'slow' },
  { after: 60, taken: 59 * KIB, is: 'slow' },
  { after: 60, taken: 60 * KIB, is: 'fast' },
  { after: 64, taken: 60 * KIB, is: 'fast' },
] as const)('a client that took $taken bytes in $after s is $is', ({ after, taken, is }) => {
  const watch = { since: 5_000, taken: 77 }
  expect(judgeReader(watch, 5_000 + after * 1000, 77 + taken)).toBe(is)
})

/** A server whose response is one write, and a clock that the test moves. */
async function start(size: number) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const time = { now: 0 }
  const server = createServer((_request, response) => response.end(Buffer.alloc(size)))
  closeSlowReaders(server, () => time.now)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    server,
    /** Moves the clock in the steps of the check. */
    async advance(seconds: number, eachStep = () => {}) {
      for (let step = 0; step < seconds / 5; step += 1) {
        eachStep()
        await setImmediate()
        time.now += 5_000
        vi.advanceTimersByTime(5_000)
      }
    },
    open() {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      socket.on('error', () => undefined)
      onTestFinished(() => void socket.destroy())
      return socket
    },
  }
}

/** A connection whose client takes as much as the test says; a write ends when all of it was taken. */
function createLink() {
  let [allowed, taken, left] = [0, 0, 0]
  let done: (() => void) | undefined
  const take = (bytes: number) => {
    allowed += bytes
    const now = Math.min(allowed, left)
    allowed -= now
    left -= now
    taken += now
    if (left > 0) return
    const end = done
    done = undefined
    end?.()
  }
  const link = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, callback) => {
      left = chunk.length
      done = callback
      take(0)
    },
  })
  link.on('error', () => undefined)
  link.push('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return { link, take, countTaken: () => taken }
}

test.for([
  { taken: 0, reads: 'nothing' },
  { taken: 512, reads: '512 bytes a second' },
])(
  'a client that reads $reads of a write of 4 MB is disconnected after a minute',
  async ({ taken }) => {
    const { server, advance } = await start(4 * MIB)
    const { link, take } = createLink()
    server.emit('connection', link)
    await once(server, 'request')
    await advance(60, () => take(taken * 5))
    expect(link.destroyed).toBe(false)
    await advance(70, () => take(taken * 5))
    expect(link.destroyed).toBe(true)
  },
)

test('a client that reads 2 KiB a second gets all of a write of 4 MB', async () => {
  const { server, advance } = await start(4 * MIB)
  const { link, take, countTaken } = createLink()
  server.emit('connection', link)
  await once(server, 'request')
  await advance(2_100, () => take(10 * KIB))
  expect(countTaken()).toBeGreaterThan(4 * MIB)
  expect(link.destroyed).toBe(false)
})

test('a network connection whose client reads nothing is closed', async () => {
  const { server, open, advance } = await start(64 * MIB)
  const socket = open()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(server, 'request')
  const closed = once(socket, 'close')
  await advance(130)
  socket.resume()
  await closed
})

test('what is written in parts arrives as it was', async () => {
  const { server, open } = await start(0)
  server.removeAllListeners('request')
  const texts = ['é'.repeat(100_000), 'x'.repeat(7), 'y'.repeat(61_441)]
  server.on('request', (_request, response) => {
    response.setHeader('Connection', 'close')
    for (const text of texts) response.write(text)
    response.end(Buffer.from(texts.join('')))
  })
  const socket = open()
  socket.write('GET / HTTP/1.0\r\n\r\n')
  const chunks = await socket.toArray()
  const [, body] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  expect(body).toBe(texts.join('') + texts.join(''))
})

test('a connection without a response under way stays open', async () => {
  const { server, open, advance } = await start(0)
  const socket = open()
  await once(server, 'connection')
  await advance(600)
  expect(socket.destroyed).toBe(false)
  const connections = new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  expect(await connections).toBe(1)
})

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { call } from '../support/faults/calls.ts'
import { findPercentile, keepAsking } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const HEAD = 'POST /map-token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

/** How a client occupies a connection. */
const KINDS: readonly ((socket: Socket) => void)[] = [
  // Headers that never end, a few bytes at a time.
  (socket) => {
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n')
    const timer = setInterval(() => socket.write('X-A: b\r\n'), 500)
    socket.once('close', () => clearInterval(timer))
  },
  // A body that never ends.
  (socket) => {
    socket.write(`${HEAD}Content-Length: 5000\r\n\r\n`)
    const timer = setInterval(() => socket.write(' '), 500)
    socket.once('close', () => clearInterval(timer))
  },
  // A body that is cut.
  (socket) => void socket.write(`${HEAD}Content-Length: 40\r\n\r\n{"grant":`),
  // Nothing more after half a request, and no more to come.
  (socket) => void socket.end(`${HEAD}Content-Length: 40\r\n\r\n{"grant":`),
  // Nothing at all.
  () => undefined,
]

fault(
  'F12',
  'clients send slowly, cut bodies, close half of a connection, or send nothing',
  { short: 100, long: 1_000, unit: 'clients' },
  async ({ scale, report }) => {
    const server = await (await prepareSite()).serve()
    const { hostname, port } = new URL(server.url)
    let longest = 0
    const closed = Array.from({ length: scale }, async (_, index) => {
      // Many addresses, because one may have 256 connections.
      const localAddress = `127.0.1.${1 + (index % 200)}`
      const socket = connect({ host: hostname, port: Number(port), localAddress })
      onTestFinished(() => void socket.destroy())
      socket.on('error', () => undefined).resume()
      await once(socket, 'connect')
      const gone = new Promise((resolve) => socket.once('close', resolve))
      const connectedAt = performance.now()
      KINDS[index % KINDS.length]?.(socket)
      await gone
      longest = Math.max(longest, performance.now() - connectedAt)
    })
    const times: number[] = []
    let failed = 0
    const load = keepAsking(2, async () => {
      const { status, took } = await call(`${server.url}/map-token`, { method: 'POST' })
      times.push(took)
      if (status !== 200) failed += 1
    })
    await Promise.all(closed)
    await load.stop()
    report('longest connection', longest / 1000, { atMost: 15, unit: 's' })
    report('other requests that failed', failed, { atMost: 0 })
    report('99 % of them within', findPercentile(times, 0.99), { atMost: 2_000, unit: 'ms' })
  },
)

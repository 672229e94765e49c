import { once } from 'node:events'
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { closeSlowReaders } from '../../server/src/http/slow-readers.ts'
import { makeDataFolder } from '../../server/test/support/broker-under-test.ts'
import { call } from '../support/faults/calls.ts'
import { countDescriptors } from '../support/faults/descriptors.ts'
import { findPercentile, keepAsking, timeUntil } from '../support/faults/load.ts'
import { type FaultContext, fault, isLong } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const MIB = 2 ** 20
const DATASET = '00000000-0000-4000-8000-000000000001'
/** Two windows of 60 s, in s: the first one begins when the buffers of the system are full. */
const LIMIT = 130
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

/** The protection alone, on a clock that the test moves. */
async function runOnFakeClock({ scale, report }: FaultContext): Promise<void> {
  onTestFinished(() => void vi.useRealTimers())
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  let now = 0
  let requests = 0
  const server = createServer((_request, response) => {
    requests += 1
    response.end(Buffer.alloc(64 * MIB))
  })
  closeSlowReaders(server, () => now)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.close().closeAllConnections())
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new TypeError('there is no port')
  for (let index = 0; index < scale; index++) openSocket(address.port, get('/'))
  while (requests < scale) await once(server, 'request')
  const count = () => new Promise<number>((resolve) => server.getConnections((_, n) => resolve(n)))
  let seconds = 0
  for (; seconds <= LIMIT && (await count()) > 0; seconds += 5) {
    now += 5_000
    vi.advanceTimersByTime(5_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  report('the last one is disconnected after', seconds, { atMost: LIMIT, unit: 's' })
}

/** A broker with a large file. Half of the clients read 512 bytes a second, half nothing. */
async function runOnBroker({ scale, report }: FaultContext): Promise<void> {
  const path = join(makeDataFolder(), 'large.tif')
  const file = openSync(path, 'w')
  writeSync(file, Buffer.from('49492a00', 'hex'))
  closeSync(file)
  truncateSync(path, 64 * MIB)
  const datasets = { large: { id: DATASET, path, account: 'city', public: true } }
  const server = await (await prepareSite({ config: { datasets } })).serve()
  const times: number[] = []
  let failed = 0
  const load = keepAsking(2, async () => {
    const { status, took } = await call(`${server.url}/map-token`, { method: 'POST' })
    times.push(took)
    if (status !== 200) failed += 1
  })
  await timeUntil(async () => times.length > 10)
  const before = countDescriptors(server)
  const { port } = new URL(server.url)
  for (let index = 0; index < scale; index++) {
    // An address may have 16 downloads.
    const request = get(`/datasets/${DATASET}/download/cog`)
    const socket = openSocket(Number(port), request, `127.0.2.${1 + (index % 100)}`)
    if (index % 2 === 0) readSlowly(socket, 512)
  }
  await timeUntil(async () => countDescriptors(server) >= before + scale)
  const most = countDescriptors(server) - before
  const seconds = (await timeUntil(async () => countDescriptors(server) <= before, 300_000)) / 1000
  await load.stop()
  report('connections and files open', most, { atLeast: scale })
  report('the last one is closed after', seconds, { atMost: LIMIT, unit: 's' })
  report('other requests that failed', failed, { atMost: 0 })
  report('99 % of them within', findPercentile(times, 0.99), { atMost: 2_000, unit: 'ms' })
}

/** A client that sends a request, and reads only what the test reads. */
function openSocket(port: number, request: string, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => undefined).write(request)
  onTestFinished(() => void socket.destroy())
  return socket
}

function readSlowly(socket: Socket, bytesPerSecond: number): void {
  const timer = setInterval(() => socket.read(bytesPerSecond), 1_000)
  socket.once('close', () => clearInterval(timer))
}

fault(
  'Slow readers',
  'clients read a large response slowly, or not at all',
  { short: 20, long: 200, unit: 'clients' },
  (context) => (isLong ? runOnBroker(context) : runOnFakeClock(context)),
)

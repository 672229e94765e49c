import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { call } from '../support/faults/calls.ts'
import { countDescriptors } from '../support/faults/descriptors.ts'
import { timeUntil } from '../support/faults/load.ts'
import { fault, say } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

/** A broker has this many at most; more are closed at once. */
const MOST = 10_000
/** Connections that are opened at the same time: more would wait in the queue of the system. */
const BATCH = 400
/** A request, but for its last line. */
const BEGINNING = 'GET /healthz HTTP/1.1\r\nHost: x\r\n'

fault(
  'F13',
  'connections stay open, each with a request under way',
  { short: 500, long: 10_500, unit: 'connections' },
  async ({ scale, report }) => {
    const descriptors = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim()
    if (descriptors !== 'unlimited' && Number(descriptors) < scale + 500) {
      say(`F13: a process may have only ${descriptors} descriptors here`)
      return
    }
    // As behind a proxy, whose connections all come from one address.
    const server = await (await prepareSite({ config: { trustProxy: ['loopback'] } })).serve()
    const before = countDescriptors(server)
    const { hostname, port } = new URL(server.url)
    const counts = { answered: 0, closed: 0 }
    const sockets: Socket[] = []
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    const open = async () => {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => {
        counts.answered += 1
      })
      socket.once('close', () => {
        counts.closed += 1
      })
      await once(socket, 'connect')
      socket.write(BEGINNING)
    }
    let most = 0
    for (let opened = 0; opened < scale; opened += BATCH) {
      await Promise.all(Array.from({ length: Math.min(BATCH, scale - opened) }, open))
      most = Math.max(most, countDescriptors(server) - before)
    }
    const isFull = scale >= MOST
    // The server accepts the last ones a little later.
    if (!isFull) await timeUntil(async () => countDescriptors(server) - before >= scale)
    most = Math.max(most, countDescriptors(server) - before)
    const meanwhile = isFull ? 0 : (await call(`${server.url}/healthz`)).status
    for (const socket of sockets) socket.write('\r\n')
    await timeUntil(async () => counts.answered + counts.closed >= scale)
    const { answered } = counts
    for (const socket of sockets) socket.destroy()
    const recovery = await timeUntil(
      async () => (await call(`${server.url}/map-token`, { method: 'POST' })).status === 200,
    )
    // A slow machine opens the last ones after the first ones have been timed out.
    report('most of them at the same time', most, { atLeast: 0.9 * Math.min(scale, MOST) })
    report('requests answered', answered, { atLeast: most })
    if (!isFull)
      report('answer to another client meanwhile', meanwhile, { atLeast: 200, atMost: 200 })
    report('processes that ended', Number(!server.isAlive()), { atMost: 0 })
    report('recovery once they are gone', recovery, { atMost: 5_000, unit: 'ms' })
  },
)

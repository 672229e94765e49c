import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { callsOf } from '../support/faults/calls.ts'
import { findPercentile, keepAsking } from '../support/faults/load.ts'
import { createPipe } from '../support/faults/pipelined-client.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const REQUEST = 'GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n'
/** A connection may have 8 requests that are handled, and 128 that wait. */
const ALLOWED = 130
const TOO_MANY = 50_000
const CONNECTIONS = 40

fault(
  'Pipelining',
  `${CONNECTIONS} connections send ${ALLOWED} requests at once, others ${TOO_MANY.toLocaleString('en')}`,
  { short: 1, long: 10, unit: 'rounds' },
  async ({ scale, report }) => {
    const site = await prepareSite()
    const server = await site.serve()
    const calls = callsOf(server.url, site.admin)
    const times: number[] = []
    const totals = { failed: 0, answered: 0, closed: 0 }
    const load = keepAsking(2, async () => {
      const { status, took } = await calls.mapToken()
      times.push(took)
      if (status !== 200) totals.failed += 1
    })
    for (let round = 0; round < scale; round++) {
      const allowed = Array.from({ length: CONNECTIONS }, async () => {
        const pipe = await createPipe(server.url)
        const answers = await pipe.send(Array.from({ length: ALLOWED }, () => REQUEST))
        totals.answered += answers
        pipe.close()
      })
      const flood = Array.from({ length: 4 }, () => sendTooMany(server.url))
      await Promise.all(allowed)
      totals.closed += (await Promise.all(flood)).length
    }
    await load.stop()
    report('requests answered', totals.answered, { atLeast: scale * CONNECTIONS * ALLOWED })
    report('connections closed that sent too many', totals.closed, { atLeast: 4 * scale })
    report('requests of others that failed', totals.failed, { atMost: 0 })
    report('99 % of them within', findPercentile(times, 0.99), { atMost: 2_000, unit: 'ms' })
  },
)

/** Resolves when the server has closed the connection. */
function sendTooMany(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined).resume()
  socket.write(REQUEST.repeat(TOO_MANY))
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

import { call } from '../support/faults/calls.ts'
import { findPercentile, keepAsking } from '../support/faults/load.ts'
import { createPipe } from '../support/faults/pipelined-client.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const BATCH = 100
const REQUEST = 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n'

fault(
  'F18',
  'nobody reads the log, a pipe, of which the system keeps 64 KiB',
  { short: 2_000, long: 40_000, unit: 'requests with a line each' },
  async ({ scale, report }) => {
    const site = await prepareSite({ config: { logLevel: 'info' } })
    const server = await site.serve({ stream: 'unread' })
    const times: number[] = []
    let failed = 0
    const load = keepAsking(1, async () => {
      const { status, took } = await call(`${server.url}/healthz`)
      times.push(took)
      if (status !== 200) failed += 1
    })
    const pipe = await createPipe(server.url)
    let answered = 0
    const batch = Array.from({ length: BATCH }, () => REQUEST)
    while (answered < scale) answered += await pipe.send(batch)
    pipe.close()
    await load.stop()
    report('requests answered', answered, { atLeast: scale })
    report('requests of another client that failed', failed, { atMost: 0 })
    report('longest of its answers', findPercentile(times, 1), { atMost: 1_000, unit: 'ms' })
    report('processes that ended', Number(!server.isAlive()), { atMost: 0 })
  },
)

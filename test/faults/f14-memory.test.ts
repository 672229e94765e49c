import { fileURLToPath } from 'node:url'
import { callsOf, requireBody } from '../support/faults/calls.ts'
import { countDescriptors } from '../support/faults/descriptors.ts'
import { createHostileRequests, sendGarbage } from '../support/faults/hostile-requests.ts'
import { createPipe } from '../support/faults/pipelined-client.ts'
import { readMemory } from '../support/faults/read-memory.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const PRELOAD = fileURLToPath(new URL('../support/faults/tell-memory.mjs', import.meta.url))
const CONNECTIONS = 4
const BATCH = 100

fault(
  'F14',
  'requests, hostile ones among them',
  { short: 20_000, long: 300_000, unit: 'requests' },
  async ({ scale, report, reportLong }) => {
    const site = await prepareSite()
    const server = await site.serve({ stream: 'ipc', node: ['--expose-gc', '--import', PRELOAD] })
    const calls = callsOf(server.url, site.admin)
    const { access_token: access } = await requireBody(calls.mapToken())
    const requests = createHostileRequests(access)
    const pipes = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => createPipe(server.url)),
    )
    let sent = 0
    let answered = 0
    const send = async (goal: number) => {
      const run = async (pipe: (typeof pipes)[number]) => {
        while (sent < goal) {
          const batch = Array.from({ length: BATCH }, () => requests[sent++ % requests.length])
          const answers = await pipe.send(batch.map(String))
          answered += answers
        }
      }
      await Promise.all(pipes.map(run))
      await sendGarbage(server.url)
    }
    // What grows until it is full, such as caches, is full after a fifth.
    await send(scale / 5)
    const [warm, warmDescriptors] = [await readMemory(server.child), countDescriptors(server)]
    await send(scale)
    const [last, lastDescriptors] = [await readMemory(server.child), countDescriptors(server)]
    for (const pipe of pipes) pipe.close()

    report('requests without an answer', sent - answered, { atMost: 0 })
    const growth = (now: number, before: number) => (100 * (now - before)) / before
    report('heap, from a fifth of the requests to the end', growth(last.heap, warm.heap), {
      atMost: 10,
      unit: '%',
    })
    reportLong('the whole process (RSS), likewise', growth(last.rss, warm.rss), {
      atMost: 10,
      unit: '%',
    })
    report('memory of the process (RSS) at the end', last.rss / 2 ** 20, {
      atMost: 400,
      unit: 'MiB',
    })
    report('descriptors more than after a fifth', lastDescriptors - warmDescriptors, { atMost: 3 })
  },
)

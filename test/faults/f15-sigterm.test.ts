import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { keepAsking } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const CLIENTS = 16
/** From SIGTERM on, no new connection is accepted: such a request was not dropped, it has never begun. */
const NOT_BEGUN = new Set(['ECONNREFUSED'])

fault(
  'F15',
  'SIGTERM under load',
  { short: 1, long: 20, unit: 'stops' },
  async ({ scale, report }) => {
    const site = await prepareSite()
    const totals = { answered: 0, dropped: 0, slowest: 0, failed: 0, lateAnswers: 0 }
    for (let stop = 0; stop < scale; stop++) {
      const server = await site.serve()
      const agent = new Agent({ keepAlive: true })
      onTestFinished(() => agent.destroy())
      const held = await holdRequest(server.url)
      let isDown = false
      const load = keepAsking(CLIENTS, async () => {
        const ending = isDown ? 'down' : await askOnce(`${server.url}/map-token`, agent)
        if (ending === 'answered') totals.answered += 1
        else if (ending === 'dropped') totals.dropped += 1
        else {
          isDown = true
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      })
      const goal = totals.answered + 100
      while (totals.answered < goal) await new Promise((resolve) => setTimeout(resolve, 5))
      const stoppedAt = performance.now()
      const ended = server.end('SIGTERM')
      while (!isDown) await new Promise((resolve) => setTimeout(resolve, 5))
      // A request that had begun before is answered, also when its end comes after everything else.
      if (/^HTTP\/1\.1 200/.test(await held.finish())) totals.lateAnswers += 1
      if ((await ended) !== 0) totals.failed += 1
      totals.slowest = Math.max(totals.slowest, performance.now() - stoppedAt)
      await load.stop()
    }
    report('requests answered', totals.answered, { atLeast: 100 * scale })
    report('requests dropped', totals.dropped, { atMost: 0 })
    report('requests that ended after SIGTERM and were answered', totals.lateAnswers, {
      atLeast: scale,
    })
    report('exits with another code than 0', totals.failed, { atMost: 0 })
    report('longest time to the exit', totals.slowest, { atMost: 10_000, unit: 'ms' })
  },
)

type Ending = 'answered' | 'dropped' | 'down'

async function askOnce(url: string, agent: Agent): Promise<Ending> {
  try {
    const asked = request(url, { method: 'POST', agent })
    const answer = once(asked, 'response')
    asked.end()
    const [response]: IncomingMessage[] = await answer
    if (!response) return 'dropped'
    for await (const _ of response);
    return response.statusCode === 200 ? 'answered' : 'dropped'
  } catch (error) {
    return NOT_BEGUN.has(String(Reflect.get(Object(error), 'code'))) ? 'down' : 'dropped'
  }
}

/** Begins a request, whose last byte is sent by `finish`. */
async function holdRequest(url: string): Promise<{ finish(): Promise<string> }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  await once(socket, 'connect')
  socket.write(
    'POST /map-token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
  )
  return {
    finish: async () => {
      const closed = once(socket, 'close')
      socket.write('}')
      await closed
      return answer
    },
  }
}

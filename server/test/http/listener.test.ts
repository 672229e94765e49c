import { once } from 'node:events'
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listen } from '../../src/http/listener.ts'

/** A server that answers at once, except for `/slow`, which the test answers. */
async function start() {
  const slow: ServerResponse[] = []
  const listener = await listen(
    async () => (request, response) => {
      if (request.url === '/slow') slow.push(response)
      else response.end('quick')
    },
    0,
    '127.0.0.1',
  )
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const ask = async (path: string, options = {}) => {
    const [response]: IncomingMessage[] = await once(get(listener.url + path, options), 'response')
    response?.resume()
    return response
  }
  return { ...listener, slow, agent, ask }
}

test('F15: a client that continues to ask during the close gets its answers, then needs a new connection', async () => {
  const { slow, agent, ask, close } = await start()
  await ask('/quick', { agent })
  const running = ask('/slow')
  await expect.poll(() => slow.length).toBe(1)
  const closed = close()
  const next = await ask('/quick', { agent })
  expect([next?.statusCode, next?.headers.connection]).toEqual([200, 'close'])
  slow[0]?.end('done')
  expect((await running)?.headers.connection).toBe('close')
  await closed
})

test('F15: a connection without a request does not delay the close', async () => {
  const { port, ask, close } = await start()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  await ask('/quick')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const closed = close()
  // Far less than what is left to connections that have to be closed by force.
  await vi.advanceTimersByTimeAsync(100)
  vi.useRealTimers()
  await closed
})

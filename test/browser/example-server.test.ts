import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { startExamples } from '../support/servers/example-server.ts'

async function start() {
  const server = await startExamples()
  onTestFinished(server.stop)
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const request = get(server.origin, { path, headers, agent: false })
    const [response]: IncomingMessage[] = await once(request, 'response')
    if (!response) throw new Error('no response')
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }
  return { ...server, port: Number(new URL(server.origin).port), ask }
}

test('pages under the name localhost are redirected to the address, and nowhere else', async () => {
  const { ask, origin } = await start()
  for (const path of ['/cog/?x=1', '//other.example/x', '//', '/\\other.example']) {
    const { status, headers } = await ask(path, { host: 'localhost' })
    expect([status, headers.location?.startsWith(`${origin}/`)]).toEqual([307, true])
  }
})

test('a path that cannot be read is 400, and shows nothing of the code', async () => {
  const { ask, origin } = await start()
  const answer = await fetch(`${origin}/map-token`, { method: 'POST' })
  const { access_token: token } = await answer.json()
  const { status, body } = await ask('/v1/%FF', { authorization: `Bearer ${token}` })
  expect([status, body]).toEqual([400, 'Bad request.\n'])
})

test('a client that never finishes its headers is cut off, and a silent one does not hold the end up', async () => {
  const { port, stop } = await start()
  const slow = connect(port, '127.0.0.1').on('error', () => undefined)
  slow.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const begun = performance.now()
  await once(slow.resume(), 'close')
  expect(performance.now() - begun).toBeLessThan(15_000)
  const silent = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(silent, 'connect')
  const stopped = performance.now()
  await stop()
  expect(performance.now() - stopped).toBeLessThan(5_000)
})

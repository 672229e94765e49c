import { once } from 'node:events'
import { connect } from 'node:net'
import { test as base, describe, expect } from 'vitest'
import { startExamples } from '../support/servers/example-server.ts'
import { send } from '../support/servers/raw-request.ts'

// biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
const test = base.extend('server', async ({}, { onCleanup }) => {
  const server = await startExamples()
  onCleanup(() => server.stop())
  return server
})

const connectTo = (origin: string) =>
  connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined)

describe.concurrent('the server of the examples', () => {
  test('redirects pages of localhost to 127.0.0.1, and to nowhere else', async ({
    server: { origin },
  }) => {
    for (const path of ['/cog/?x=1', '//other.example/x', '//', '/\\other.example']) {
      const { status, headers } = await send(origin, path, { host: 'localhost' })
      expect([status, headers.location?.startsWith(`${origin}/`)]).toEqual([307, true])
    }
  })

  test('answers 400 to a malformed path, and shows no code', async ({ server: { origin } }) => {
    const answer = await fetch(`${origin}/map-token`, { method: 'POST' })
    const { access_token: token } = await answer.json()
    const headers = { authorization: `Bearer ${token}` }
    const { status, body } = await send(origin, '/v1/%FF', headers)
    expect([status, body.toString()]).toEqual([400, 'Bad request.\n'])
  })

  test('closes a connection that never completes its headers, and stops despite a silent one', async ({
    server: { origin, stop },
  }) => {
    const slow = connectTo(origin)
    slow.write('GET / HTTP/1.1\r\nHost: x\r\n')
    const begun = performance.now()
    await once(slow.resume(), 'close')
    expect(performance.now() - begun).toBeLessThan(15_000)
    const silent = connectTo(origin)
    await once(silent, 'connect')
    const stopped = performance.now()
    await stop()
    expect(performance.now() - stopped).toBeLessThan(5_000)
  })
})

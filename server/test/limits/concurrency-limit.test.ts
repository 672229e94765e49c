import { once } from 'node:events'
import { createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { TooManyRequestsError, UnavailableError } from '../../src/errors.ts'
import { createConcurrencyLimit } from '../../src/limits/concurrency-limit.ts'

afterEach(() => vi.useRealTimers())

/** Real responses of a server, one per call. */
async function startServer() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async () => {
    const request = get({ port, host: '127.0.0.1', agent: false })
    request.on('error', () => undefined)
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
    return { response, leave: () => request.destroy() }
  }
}

const OPTIONS = { perKey: 2, total: 3, patience: 5_000 }

/** Whether the promise has settled by now. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

test('a key waits while it has too many, and another key does not', async () => {
  const next = await startServer()
  const limit = createConcurrencyLimit(OPTIONS)
  const [first, second, third, other] = [await next(), await next(), await next(), await next()]
  await limit.enter('a', first.response)
  await limit.enter('a', second.response)
  const waiting = limit.enter('a', third.response)
  await limit.enter('b', other.response)
  expect(await isPending(waiting)).toBe(true)
  first.response.end()
  await waiting
})

test('a client that leaves makes room, whether its turn had come or not', async () => {
  const next = await startServer()
  const limit = createConcurrencyLimit({ ...OPTIONS, perKey: 1 })
  const [first, second, third] = [await next(), await next(), await next()]
  await limit.enter('a', first.response)
  void limit.enter('a', second.response)
  const waiting = limit.enter('a', third.response)
  second.leave()
  await once(second.response, 'close')
  first.leave()
  await waiting
})

test('a response that was closed before it enters takes no room', async () => {
  const next = await startServer()
  const limit = createConcurrencyLimit({ ...OPTIONS, perKey: 1 })
  const [gone, present] = [await next(), await next()]
  gone.leave()
  await once(gone.response, 'close')
  await limit.enter('a', gone.response)
  await limit.enter('a', present.response)
})

test('whoever waits longer than 5 s is refused: 429 for its own downloads, 503 for those of others', async () => {
  const next = await startServer()
  const limit = createConcurrencyLimit(OPTIONS)
  const responses = [await next(), await next(), await next(), await next(), await next()]
  const [a1, a2, b1, a3, b2] = responses.map(({ response }) => response) as [
    ServerResponse,
    ServerResponse,
    ServerResponse,
    ServerResponse,
    ServerResponse,
  ]
  await limit.enter('a', a1)
  await limit.enter('a', a2)
  await limit.enter('b', b1)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const refusals = [limit.enter('a', a3), limit.enter('b', b2)].map((entry) =>
    entry.catch((error: unknown) => error),
  )
  vi.advanceTimersByTime(5_000)
  const [own, others] = await Promise.all(refusals)
  expect(own).toBeInstanceOf(TooManyRequestsError)
  expect(others).toBeInstanceOf(UnavailableError)
  a1.end()
})

import { once } from 'node:events'
import { get, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { createProtectedServer } from '../../src/http/create-server.ts'
import { createPipelineLimit } from '../../src/http/pipelining.ts'

/** A protected server whose test answers `/slow`; it records the paths of the requests that it handles. */
async function start(handle?: (path: string, response: ServerResponse) => void) {
  const handled: string[] = []
  const slow: ServerResponse[] = []
  const server = createProtectedServer((request, response) => {
    const path = request.url ?? ''
    handled.push(path)
    if (handle) handle(path, response)
    else if (path.startsWith('/slow')) slow.push(response)
    else response.end(`answer to ${path}`)
  })
  return { ...(await serve(server)), handled, slow }
}

async function serve(server: ReturnType<typeof createProtectedServer>) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { server, port }
}

/** A connection that sends the requests at once. `text` is what it has received. */
function pipeline(port: number, paths: readonly string[], header = '') {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk))
  socket.on('error', () => undefined)
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`).join(''))
  onTestFinished(() => void socket.destroy())
  return { socket, text: () => Buffer.concat(received).toString() }
}

const number = (count: number, prefix = '/') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

async function ask(port: number, path = '/healthz'): Promise<number | undefined> {
  const [response] = await once(get({ port, host: '127.0.0.1', path, agent: false }), 'response')
  response.resume()
  return response.statusCode
}

test('a hundred requests sent at once are all answered, in order', async () => {
  const { port, handled } = await start()
  const { text } = pipeline(port, number(100))
  await expect.poll(text).toContain('answer to /99')
  expect(handled).toEqual(number(100))
  expect(text().match(/answer to \S*\d/g)).toHaveLength(100)
})

test('at most eight requests of a connection are handled at the same time', async () => {
  const { port, slow } = await start()
  pipeline(port, number(20, '/slow'))
  await expect.poll(() => slow.length).toBe(8)
  expect(await ask(port)).toBe(200)
  expect(slow).toHaveLength(8)
  slow[0]?.end()
  await expect.poll(() => slow.length).toBe(9)
  for (let index = 1; index < 20; index += 1) {
    await expect.poll(() => slow.length).toBeGreaterThan(index)
    slow[index]?.end()
  }
})

test('a closed connection ends its line: the requests that waited are not handled', async () => {
  const { port, handled, slow, server } = await start()
  const { socket } = pipeline(port, number(100, '/slow'))
  await expect.poll(() => slow.length).toBe(8)
  socket.destroy()
  // While a line waits, its connection is not read, so that only a response shows that it is closed.
  const closed = async () => {
    slow.shift()?.end()
    return new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  }
  await expect.poll(closed, { interval: 5 }).toBe(0)
  expect(await ask(port)).toBe(200)
  expect(handled.length).toBeLessThan(50)
})

test.for([
  { count: 136, answered: 136 },
  { count: 137, answered: 0 },
])('$count requests sent at once get $answered answers', async ({ count, answered }) => {
  const { port, slow } = await start()
  const { socket, text } = pipeline(port, number(count, '/slow'))
  const end = setInterval(() => slow.splice(0).map((response) => response.end('done')), 1)
  onTestFinished(() => clearInterval(end))
  const closed = once(socket, 'close')
  if (answered === 0) await closed
  const answers = () => text().match(/done/g)?.length ?? 0
  await expect.poll(answers).toBe(answered)
})

test('a connection that sends requests by the thousand is closed, and the others are answered', async () => {
  const { port, handled } = await start()
  const { socket } = pipeline(port, number(50_000))
  const closed = once(socket, 'close')
  expect(await ask(port)).toBe(200)
  await closed
  expect(handled.length).toBeLessThan(200)
})

test('a new connection is answered before what many others have sent, and after few of their requests', async () => {
  const { port, handled } = await start((_path, response) => {
    setImmediate(() => response.end('done'))
  })
  const flood = Array.from({ length: 40 }, (_, index) => pipeline(port, number(130, `/${index}-`)))
  await expect.poll(() => handled.length, { interval: 1 }).toBeGreaterThan(200)
  const before = handled.length
  expect(await ask(port)).toBe(200)
  expect(handled.indexOf('/healthz') - before).toBeLessThan(flood.length)
  expect(handled.length).toBeLessThan(40 * 130)
  const count = () => flood.filter(({ text }) => text().match(/done/g)?.length === 130).length
  await expect.poll(count, { timeout: 10_000 }).toBe(flood.length)
})

test('a connection that reads nothing has few requests handled', async () => {
  const { port, handled } = await start((path, response) => {
    response.end(path.startsWith('/large') ? Buffer.alloc(8 * 1024 * 1024) : 'done')
  })
  const { socket } = pipeline(port, number(100, '/large'))
  socket.pause()
  await expect.poll(() => handled.length).toBeGreaterThan(7)
  for (let index = 0; index < 50; index += 1) expect(await ask(port)).toBe(200)
  expect(handled.filter((path) => path.startsWith('/large')).length).toBeLessThan(16)
})

test('requests with an expectation that the server does not know wait their turn, and are 417', async () => {
  const { port, handled } = await start()
  const expectation = 'Expect: the-unexpected\r\n'
  const count = (text: string) => text.match(/HTTP\/1.1 417/g)?.length ?? 0
  const few = pipeline(port, number(100), expectation)
  await expect.poll(() => count(few.text())).toBe(100)
  const many = pipeline(port, number(50_000), expectation)
  await once(many.socket, 'close')
  expect(count(many.text())).toBeLessThan(1_000)
  expect(handled).toEqual([])
})

test('a client that sends while responses are under way gets all of them after each pause', async () => {
  const { port, slow } = await start()
  const { socket, text } = pipeline(port, number(30, '/slow'))
  const end = setInterval(() => slow.shift()?.end('done'), 1)
  onTestFinished(() => clearInterval(end))
  await expect.poll(() => text().match(/done/g)?.length).toBe(30)
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => text().match(/done/g)?.length).toBe(31)
})

test('bodies of requests that wait are read when it is their turn', async () => {
  const bodies: string[] = []
  const app = express()
  app.use(createPipelineLimit())
  app.use(express.text())
  app.post('/', (request, response) => {
    bodies.push(request.body)
    setImmediate(() => response.end('done'))
  })
  const { port } = await serve(createProtectedServer(app))
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const texts = number(40, 'text ')
  const head = (text: string) =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n`
  for (const text of texts) socket.write(head(text) + text)
  await expect.poll(() => bodies).toEqual(texts)
})

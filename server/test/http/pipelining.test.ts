import { once } from 'node:events'
import { createServer, get, type ServerResponse } from 'node:http'
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

test('a connection that sends requests by the thousand and reads nothing is not read on', async () => {
  const large = Buffer.alloc(256 * 1024)
  const { port, handled } = await start((_, response) => response.end(large))
  const { socket } = pipeline(port, number(50_000))
  socket.pause()
  await expect.poll(() => handled.length).toBeGreaterThan(8)
  for (let count = 0; count < 20; count += 1) expect(await ask(port)).toBe(200)
  expect(handled.length).toBeLessThan(500)
  expect(socket.destroyed).toBe(false)
})

test('in an app on a server of its own, a connection of which a thousand requests were read is closed', async () => {
  let handled = 0
  const app = express()
  app.use(createPipelineLimit().takeTurn)
  app.get('/healthz', (_request, response) => void response.end('ok'))
  app.use((_request, response) => {
    handled += 1
    setImmediate(() => response.end('done'))
  })
  const { port } = await serve(createServer(app))
  const { socket } = pipeline(port, number(50_000))
  const closed = once(socket, 'close')
  expect(await ask(port)).toBe(200)
  await closed
  expect(handled).toBeLessThan(200)
})

test('requests with an expectation that the server does not know wait their turn, and are 417', async () => {
  const { port, handled } = await start()
  const count = (text: string) => text.match(/HTTP\/1.1 417/g)?.length ?? 0
  const { text } = pipeline(port, number(300), 'Expect: the-unexpected\r\n')
  await expect.poll(() => count(text())).toBe(300)
  expect(handled).toEqual([])
})

test('a connection becomes that of an upgrade, with what was sent after the request', async () => {
  const { port, server } = await start()
  server.on('upgrade', (_request, socket, head) => {
    const received = [head]
    socket.on('data', (chunk) => received.push(chunk))
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.on('end', () => socket.end(Buffer.concat(received)))
  })
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk))
  const tail = 'x'.repeat(5_000)
  socket.end(`GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n${tail}`)
  await once(socket, 'close')
  expect(Buffer.concat(received).toString().split('\r\n\r\n')[1]).toBe(tail)
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
  app.use(createPipelineLimit().takeTurn)
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

test('a client that reads large responses late gets all of them', async () => {
  const body = Buffer.alloc(64 * 1024, 'x')
  const { port } = await start((_path, response) => {
    setImmediate(() => response.end(body))
  })
  // Each request fills what is parsed at a time, as one with a token does.
  const { socket, text } = pipeline(port, number(300), `Authorization: ${'t'.repeat(1000)}\r\n`)
  socket.pause()
  // Others are served meanwhile, and the server holds the connection back.
  for (let count = 0; count < 20; count++) expect(await ask(port)).toBe(200)
  socket.resume()
  await expect.poll(() => text().length, { timeout: 10_000 }).toBeGreaterThan(300 * body.length)
  expect(text().match(/HTTP\/1.1 200/g)).toHaveLength(300)
})

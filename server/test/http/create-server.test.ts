import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createProtectedServer, type ProtectedServerOptions } from '../../src/http/create-server.ts'

async function start(options?: ProtectedServerOptions) {
  const server = createProtectedServer((_request, response) => {
    response.end(Buffer.alloc(64 * 1024 * 1024))
  }, options)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const open = () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    return socket
  }
  const count = () =>
    new Promise<number>((resolve) =>
      server.getConnections((_, connections) => resolve(connections)),
    )
  return { server, open, count }
}

const openMany = (open: () => Socket, count: number) =>
  Promise.all(Array.from({ length: count }, () => once(open(), 'connect')))

test('an address may have 256 connections; the next ones are closed', async () => {
  const { open, count } = await start()
  await openMany(open, 300)
  await expect.poll(count).toBe(256)
})

test('a connection that was closed makes room for another', async () => {
  const { open, count } = await start()
  const first = open()
  await openMany(open, 255)
  await expect.poll(count).toBe(256)
  first.destroy()
  await expect.poll(count).toBe(255)
  const next = open()
  await once(next, 'connect')
  next.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [chunk] = await once(next, 'data')
  expect(String(chunk)).toMatch(/^HTTP\/1.1 200/)
})

test('behind a proxy, whose address is that of every client, an address may have more', async () => {
  const { open, count } = await start({ isBehindProxy: true })
  await openMany(open, 300)
  await expect.poll(count).toBe(300)
})

test('a client that does not read is disconnected, after 30 s', async () => {
  const { server, open } = await start()
  expect(server.timeout).toBe(30_000)
  server.timeout = 200
  const socket = open()
  const [received]: [Socket] = (await once(server, 'connection')) as [Socket]
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(received, 'close')
})

test('10,000 clients may be connected', async () => {
  const { server } = await start()
  expect(server.maxConnections).toBe(10_000)
})

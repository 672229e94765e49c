import { Duplex } from 'node:stream'

/**
 * Opens a keep-alive connection to an HTTP server in this process that bypasses the operating system,
 * so that only the work of the server is measured.
 *
 * @param {import('node:http').Server} server
 * @param {Buffer} request The request that is sent each time.
 * @param {number} size Length of the body in bytes. Once as many have arrived, the answer is complete.
 */
export function connectInMemory(server, request, size) {
  let left = 0
  let received = 0
  let finish = () => {}
  const receive = (bytes) => {
    received += bytes
    if (received < size) return
    received = 0
    left -= 1
    if (left > 0) setImmediate(() => connection.push(request))
    else finish()
  }
  const connection = new Duplex({
    read: () => {},
    write: (chunk, _encoding, callback) => {
      callback()
      receive(chunk.length)
    },
    writev: (chunks, callback) => {
      callback()
      receive(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0))
    },
  })
  // Other methods of a socket that Node's server calls.
  for (const name of ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref'])
    connection[name] = () => connection
  server.emit('connection', connection)
  return {
    /** Sends `count` requests, one after the other. */
    send: (count) =>
      new Promise((resolve) => {
        left = count
        finish = resolve
        connection.push(request)
      }),
  }
}

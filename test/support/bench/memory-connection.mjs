import { Duplex } from 'node:stream'

/**
 * A keep-alive connection to an HTTP server in this process, without the operating system: what is
 * measured is what the server does.
 *
 * @param {import('node:http').Server} server
 * @param {Buffer} request Sent again and again.
 * @param {number} size Bytes after which an answer is over; answers are sent in one piece.
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
  // What Node's server asks of a socket besides.
  for (const name of ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref'])
    connection[name] = () => connection
  server.emit('connection', connection)
  return {
    /** Sends so many requests, one after the other. */
    send: (count) =>
      new Promise((resolve) => {
        left = count
        finish = resolve
        connection.push(request)
      }),
  }
}

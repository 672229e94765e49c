// @ts-check
import { Duplex } from 'node:stream'

/**
 * Opens a keep-alive connection to an HTTP server in this process, without the operating system, so
 * that a benchmark measures the server alone.
 *
 * @param {import('node:http').Server} server
 * @param {Buffer} request The bytes of one request, which is sent repeatedly.
 * @param {number} size Bytes after which an answer is complete. The server must send it in one piece.
 */
export function connectInMemory(server, request, size) {
  let left = 0
  let received = 0
  /** @type {() => void} */
  let finish = () => {}
  /** @param {number} bytes */
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
  // Node's server also calls these methods of a socket.
  const noop = () => connection
  const socketMethods = { setTimeout: noop, setNoDelay: noop, setKeepAlive: noop }
  Object.assign(connection, { ...socketMethods, ref: noop, unref: noop })
  server.emit('connection', connection)
  return {
    /** @param {number} count Requests to send, one after the other. @returns {Promise<void>} */
    send: (count) =>
      new Promise((resolve) => {
        left = count
        finish = resolve
        connection.push(request)
      }),
  }
}

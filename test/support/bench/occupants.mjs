// @ts-check
// Runs in a process of its own: occupies a server and never reads what it sends.
// Arguments: port, path, connections, bytes to send on each.
import { connect } from 'node:net'

const [port = '', path = '/', connections = '', bytes = ''] = process.argv.slice(2)
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
const count = Math.max(1, Math.ceil(Number(bytes) / request.length))
const payload = Buffer.from(request.repeat(count))
for (let index = 0; index < Number(connections); index += 1) {
  const socket = connect(Number(port), '127.0.0.1')
  socket.pause()
  socket.on('error', () => undefined)
  socket.write(payload)
}
// Keeps the process alive after the server has closed every connection.
setInterval(() => undefined, 60_000)

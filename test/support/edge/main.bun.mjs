import { handle } from './worker.ts'

const { port } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request) => handle(request, process.env),
})
process.stdout.write(`port ${port}\n`)

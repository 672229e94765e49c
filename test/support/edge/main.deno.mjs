import { handle } from './worker.ts'

const env = Deno.env.toObject()
Deno.serve(
  {
    hostname: '127.0.0.1',
    port: 0,
    onListen: ({ port }) => process.stdout.write(`port ${port}\n`),
  },
  (request) => handle(request, env),
)

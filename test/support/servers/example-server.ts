import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** The example pages, served as `npm start` does, with data of their own. */
export interface ExampleServer {
  readonly origin: string
  stop(): Promise<void>
}

/** Serves what has been built on a port that was free. */
export async function startExamples(): Promise<ExampleServer> {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-examples-'))
  const port = await freePort()
  const server = spawn(process.execPath, [join(root, 'examples/serve.mjs')], {
    env: { ...process.env, PORT: String(port), TILEPASS_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Read to its end: the server would die of a pipe that nobody reads.
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (chunk) => {
      if (String(chunk).includes('is running')) resolve()
    })
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

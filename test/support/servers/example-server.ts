/// <reference types="vite/client" />
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../repository.ts'
import { findFreePort } from './free-port.ts'

/** The example pages, served as `npm start` serves them, with data of their own. */
export interface ExampleServer {
  readonly origin: string
  stop(): Promise<void>
}

/**
 * Serves the built examples on a free port.
 *
 * @param front The origin of a server in front of it, for which it then makes its URLs.
 */
export async function startExamples(front = ''): Promise<ExampleServer> {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-examples-'))
  const port = await findFreePort()
  const server = spawn(process.execPath, [join(root, 'examples/serve.mjs')], {
    env: {
      ...process.env,
      PORT: String(port),
      TILEPASS_DATA: data,
      ...(front ? { TILEPASS_DEV_ORIGIN: front } : {}),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // The listener stays: the server would block on a pipe that nobody reads.
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

/** Never called. It tells `vitest --changed` which sources the examples are built from. */
export const sources = () => [
  import('../../../server/src/main.ts'),
  import.meta.glob([
    '../../../examples/**/*.{ts,mjs}',
    '!**/{dist,gateways,node_modules,upstreams}/**',
  ]),
]

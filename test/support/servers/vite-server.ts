import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type InlineConfig } from 'vite'
import { onTestFinished } from 'vitest'

/**
 * Starts a real Vite development server on a free port, with a cache of its own; it ends with the test.
 *
 * @returns Its origin.
 */
export async function startVite({ server, ...config }: InlineConfig): Promise<string> {
  const cacheDir = mkdtempSync(join(tmpdir(), 'tilepass-vite-'))
  // Not before: a closed server may still be writing what it has bundled of the dependencies.
  process.once('exit', () => rmSync(cacheDir, { recursive: true, force: true }))
  const vite = await createServer({
    configFile: false,
    cacheDir,
    ...config,
    server: { port: 0, ...server },
  })
  await vite.listen()
  onTestFinished(() => vite.close())
  const address = vite.httpServer?.address()
  if (typeof address !== 'object' || !address) throw new TypeError('Vite has no port')
  return `http://localhost:${address.port}`
}

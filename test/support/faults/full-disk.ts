import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { say } from './row.ts'
import type { ServerProcess } from './server-process.ts'

/** A disk that can be full. */
export interface Disk {
  readonly folder: string
  fill(server: ServerProcess): Promise<void>
  free(server: ServerProcess): Promise<void>
}

const SIZE = '2m'

/**
 * A file system in memory that is filled by a file, where this process may mount one (as root). Elsewhere
 * a folder whose server may not make its files larger (RLIMIT_FSIZE), which it notices in the same calls.
 */
export async function prepareDisk(): Promise<Disk> {
  const parent = mkdtempSync(join(tmpdir(), 'tilepass-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', parent])
  const isMounted = mounted.status === 0
  onTestFinished(() => {
    // Lazily: the server may end after this.
    if (isMounted) execFileSync('umount', ['--lazy', parent])
    rmSync(parent, { recursive: true, force: true })
  })
  const folder = join(parent, 'data')
  const ballast = join(parent, 'ballast')
  if (isMounted)
    return {
      folder,
      fill: async () => fillWith(ballast),
      free: async () => rmSync(ballast),
    }
  say('No file system could be mounted, so that the size of files is limited instead.')
  const limit = ({ child }: ServerProcess, bytes: string) =>
    execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`])
  return {
    folder,
    fill: async (server) => {
      const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
      limit(server, String(Math.max(...sizes)))
    },
    free: async (server) => void limit(server, 'unlimited'),
  }
}

function fillWith(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (const chunk of [Buffer.alloc(65_536), Buffer.alloc(512)])
      for (;;)
        try {
          writeSync(file, chunk)
        } catch (error) {
          if (Reflect.get(Object(error), 'code') !== 'ENOSPC') throw error
          break
        }
  } finally {
    closeSync(file)
  }
}

import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A pipe whose reader sleeps until the test reads. */
export function createPipe() {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-log-'))
  const path = join(folder, 'log')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  // It stays open until the process ends, because a log may still wait to write to it.
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const buffer = Buffer.alloc(1024 * 1024)
  let text = ''
  return {
    fd,
    /** What was written so far. */
    read(): string {
      try {
        text += buffer.toString('utf8', 0, readSync(fd, buffer))
      } catch (error) {
        if (Reflect.get(Object(error), 'code') !== 'EAGAIN') throw error
      }
      return text
    },
  }
}

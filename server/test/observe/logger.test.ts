import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../src/observe/logger.ts'

/** A pipe whose reader sleeps until the test reads. */
function createPipe() {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-log-'))
  const path = join(folder, 'log')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  const buffer = Buffer.alloc(1024 * 1024)
  let text = ''
  return {
    fd,
    /** What was written so far. */
    read(): string {
      try {
        text += buffer.toString('utf8', 0, readSync(fd, buffer))
      } catch (error) {
        if (Reflect.get(error as object, 'code') !== 'EAGAIN') throw error
      }
      return text
    },
  }
}

test('F18: a log that nobody reads is dropped beyond a limit, and says later how many lines were dropped', async () => {
  const pipe = createPipe()
  const logger = createLogger('info', { fd: pipe.fd, mostWaiting: 256 * 1024 })
  const filling = 'x'.repeat(1000)
  const written = 2_000
  for (let line = 0; line < written; line += 1) logger.info({ line, filling }, 'a line')

  await expect.poll(pipe.read, { interval: 1, timeout: 5_000 }).toMatch(/"dropped":\d+/)
  const lines = pipe
    .read()
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line))
  const dropped = lines.find((line) => line.dropped !== undefined)?.dropped
  const kept = lines.filter((line) => line.msg === 'a line')
  expect(kept.length + dropped).toBe(written)
  expect(kept.length * filling.length).toBeLessThan(512 * 1024)
  expect(kept.map(({ line }) => line)).toEqual(kept.map((_, index) => index))
})

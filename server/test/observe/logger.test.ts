import { expect, test } from 'vitest'
import { countDroppedLines, createLogger } from '../../src/observe/logger.ts'
import { createPipe } from '../support/pipe.ts'

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
  expect(countDroppedLines(logger)).toBe(dropped)
  expect(kept.length * filling.length).toBeLessThan(512 * 1024)
  expect(kept.map(({ line }) => line)).toEqual(kept.map((_, index) => index))
})

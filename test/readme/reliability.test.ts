import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

const folder = join(root, 'test/faults')
const FILES = readdirSync(folder).filter((name) => /^[^.]+\.test\.ts$/.test(name))
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')

test.for(FILES)('%s declares a fault that the table of docs/reliability.md has', (file) => {
  const [, row] = /fault\(\s*'([^']+)'/.exec(readFileSync(join(folder, file), 'utf8')) ?? []
  expect(page).toContain(`\n| ${row} | `)
})

test('F1 to F18 are all there, besides F5, which was about Redis', () => {
  const rows = [...page.matchAll(/^\| F(\d+) \|/gm)].map(([, number]) => Number(number))
  const expected = Array.from({ length: 18 }, (_, index) => index + 1).filter((row) => row !== 5)
  expect(rows).toEqual(expected)
})

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.test.ts']
const tests = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).trim().split('\n')

test('every promise is in the title of a test, and every number in a title is a promise', () => {
  const document = readFileSync(join(root, 'docs/security-promises.md'), 'utf8')
  const promised = [...document.matchAll(/\*\*([A-Z]\d+)\*\*/g)].map(([, number]) => number)
  const tested = tests.flatMap((path) =>
    // `G2, G3: …` holds two; a fault has its number as its row.
    [
      ...readFileSync(join(root, path), 'utf8').matchAll(
        /['"`]((?:[TXCLGUPF]\d+(?:, | and )?)+): |fault\(\s*'([A-Z]\d+)'/g,
      ),
    ].flatMap(([, numbers = '', row = '']) => `${numbers} ${row}`.match(/[A-Z]\d+/g) ?? []),
  )
  expect([...new Set(tested)].sort()).toEqual(promised.sort())
})

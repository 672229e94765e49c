import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']
const documents = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).trim().split('\n')

/** What follows a heading's `#` in the address of the heading. */
const toAnchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

test.for(documents)(
  'every link of %s leads to a file and a heading of the repository',
  (document) => {
    const text = readFileSync(join(root, document), 'utf8').replace(/```.*?```|`[^`\n]*`/gs, '')
    const links = [...text.matchAll(/\]\(([^()\s]+)\)|(?:src|srcset|href)="([^"\s]+)"/g)]
      .map(([, link, attribute = '']) => link ?? attribute)
      .filter((link) => !/^[a-z]+:/.test(link))
    const dead = links.filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? document : join(dirname(document), path)
      if (!existsSync(join(root, target))) return true
      if (anchor === undefined || !target.endsWith('.md')) return false
      const headings = readFileSync(join(root, target), 'utf8').matchAll(/^#+ (.*)$/gm)
      return ![...headings].some(([, heading = '']) => toAnchor(heading) === anchor)
    })
    expect(dead).toEqual([])
  },
)

test('no picture of the documentation is larger than 200 kB', () => {
  const folder = join(root, 'docs/images')
  const pictures = readdirSync(folder)
  expect(pictures.length).toBeGreaterThan(0)
  expect(pictures.filter((name) => statSync(join(folder, name)).size > 200_000)).toEqual([])
})

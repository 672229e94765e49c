import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

/** Paths of the files that would be published, relative to the package. */
function listContents(folder: string): string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', `./${folder}`]
  const manifests = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }))
  const [manifest] = Object.values<{ files: { path: string }[] }>(manifests)
  return manifest?.files.map(({ path }) => path) ?? []
}

test.each(['packages/core', 'packages/maplibre', 'packages/leaflet', 'packages/guard', 'server'])(
  '%s is published with the sources of its source maps, and without tests or build files',
  (folder) => {
    const contents = listContents(folder)
    expect(contents).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js']))
    expect(contents.filter((path) => /(^|\/)\.|\.test\./.test(path))).toEqual([])
    const maps = contents.filter((path) => path.endsWith('.map'))
    expect(maps.length).toBeGreaterThan(0)
    const missing = maps.flatMap((path) => {
      const { sources, sourcesContent = [] } = JSON.parse(
        readFileSync(join(root, folder, path), 'utf8'),
      )
      return sources.filter(
        (source: string, index: number) =>
          typeof sourcesContent[index] !== 'string' &&
          !contents.includes(posix.join(posix.dirname(path), source)),
      )
    })
    expect(missing).toEqual([])
  },
)

test('the broker is published with the JSON Schema of its configuration', () => {
  expect(listContents('server')).toContain('tilepass.schema.json')
})

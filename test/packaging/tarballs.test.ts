import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PACKAGES } from '../../scripts/architecture-rules.mjs'
import { packTarballs, toInstallCommand } from '../../scripts/tarballs.mjs'

test('one command installs the tarballs of all packages, each after those that it needs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass tarballs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'tilepass-core-0.0.1.tgz'), 'of an earlier version')
  writeFileSync(join(folder, 'notes.txt'), 'of the user')

  const paths = packTarballs(folder)
  const names = paths.map((path) => basename(path))
  expect(names.map((name) => name.replace(/-\d+\.\d+\.\d+\S*\.tgz$/, ''))).toEqual(
    PACKAGES.map(({ name }) => name.replace('@tilepass/', 'tilepass-')),
  )
  for (const [index, { imports }] of PACKAGES.entries())
    for (const needed of imports)
      expect(PACKAGES.findIndex(({ name }) => name === needed)).toBeLessThan(index)
  expect(readdirSync(folder).sort()).toEqual(['notes.txt', ...names].sort())
  expect(toInstallCommand(paths)).toBe(`npm install ${paths.map((path) => `"${path}"`).join(' ')}`)
  expect(toInstallCommand(['/home/me/a.tgz', '/home/me/b.tgz'])).toBe(
    'npm install /home/me/a.tgz /home/me/b.tgz',
  )
})

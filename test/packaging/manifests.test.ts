import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PACKAGES } from '../../scripts/architecture-rules.mjs'
import { root } from '../support/repository.ts'

const REPOSITORY = 'https://github.com/tilepass/tilepass'
const BROWSER = /(?:core|maplibre|leaflet)$/

const read = (path: string) => readFileSync(join(root, path), 'utf8')

test.each(PACKAGES.filter(({ name }) => BROWSER.test(name)))(
  '$name gives a CDN the build for script tags',
  ({ folder }) => {
    const { unpkg, jsdelivr } = JSON.parse(read(`${folder}/package.json`))
    const file = `dist/tilepass-${folder.slice('packages/'.length)}.iife.js`
    expect([unpkg, jsdelivr]).toEqual([file, file])
    expect(existsSync(join(root, folder, file))).toBe(true)
  },
)

describe.each(PACKAGES)('$name', ({ name, folder }) => {
  const manifest = JSON.parse(read(`${folder}/package.json`))

  test('says where it comes from, who made it and what it is about', () => {
    expect(manifest).toMatchObject({
      repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
      homepage: `${REPOSITORY}/tree/main/${folder}#readme`,
      bugs: `${REPOSITORY}/issues`,
    })
    expect(read('LICENSE')).toContain(manifest.author)
    expect(manifest.keywords.length).toBeGreaterThan(3)
    expect(new Set(manifest.keywords).size).toBe(manifest.keywords.length)
  })

  test('builds what it contains before npm packs it', () => {
    const [program, script = '', part] = manifest.scripts.prepack.split(' ')
    expect([program, posix.join(folder, script)]).toEqual(['node', 'scripts/build.mjs'])
    expect(part).toBe(BROWSER.test(name) ? 'packages' : 'server')
  })

  test('links of its README lead somewhere on npm, which resolves them in the repository', () => {
    const text = read(`${folder}/README.md`).replace(/```.*?```|`[^`\n]*`/gs, '')
    const links = [...text.matchAll(/\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"/g)]
      .map(([, markdown, html]) => (markdown ?? html ?? '').replace(/#.*$/, ''))
      .filter((link) => link !== '')
    const dead = links.filter((link) => {
      if (!/^[a-z]+:/i.test(link)) {
        const target = posix.join(folder, link)
        return link.startsWith('/') || target.startsWith('..') || !existsSync(join(root, target))
      }
      // An address in the repository may be that of a fork, or of a file that is gone.
      if (!/github\.com\/[^/]*\/tilepass\b/i.test(link)) return false
      const [, path] = /^\/(?:blob|tree|raw)\/main\/(.+)$/.exec(link.replace(REPOSITORY, '')) ?? []
      return !link.startsWith(REPOSITORY) || (path !== undefined && !existsSync(join(root, path)))
    })
    expect(dead).toEqual([])
  })
})

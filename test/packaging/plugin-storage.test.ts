import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

/** Names of the source files of the plugins that use one of these. */
function findFiles(names: RegExp): string[] {
  return ['core', 'maplibre', 'leaflet'].flatMap((plugin) => {
    const folder = join(root, 'packages', plugin, 'src')
    return readdirSync(folder).filter((file) =>
      // Comments may speak of them.
      names.test(
        readFileSync(join(folder, file), 'utf8').replace(/\/\*.*?\*\/|^\s*\/\/.*$/gms, ''),
      ),
    )
  })
}

test('P3: no plugin uses a storage of the browser', () => {
  expect(
    findFiles(/\b(?:localStorage|sessionStorage|indexedDB|cookieStore|caches)\b|\.cookie\b/),
  ).toEqual([])
})

test('P7: only the plugin for sharing speaks with other tabs, and nothing else imports it', () => {
  const own = /^share-across-tabs.*\.ts$/
  for (const names of [/\bBroadcastChannel\b/, /from '\.\/share-across-tabs/]) {
    const files = findFiles(names)
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((file) => !own.test(file) && file !== 'index.ts')).toEqual([])
  }
})

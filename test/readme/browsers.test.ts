import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** The version after each name of a browser, where the text has it. */
function findVersions(text: string, names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      new RegExp(`${name}(?: before| from)? (\\d[\\d.]*\\d)`).exec(text)?.[1],
    ]),
  )
}

const ENGINES = ['Chromium', 'Firefox ESR', 'WebKitGTK', 'engine of Safari']
const BROWSERS = ['Chromium', 'Firefox', 'Safari']
const [, support = ''] = read('README.md').split('## Support\n')
const line = (text: string) => support.split('\n').find((each) => each.includes(text)) ?? ''

test('the README names the engines that docs/browsers.md was measured in', () => {
  const measured = findVersions(read('docs/browsers.md'), ENGINES)
  expect(Object.values(measured)).not.toContain(undefined)
  expect(findVersions(line('Tested in'), ENGINES)).toEqual(measured)
})

test('the README requires the browsers that drop the token in redirects, as the other pages name them', () => {
  const required = findVersions(line('or newer: older'), BROWSERS)
  expect(Object.values(required)).not.toContain(undefined)
  const pages = ['packages/core/README.md', 'docs/header-query-cookie.md'] as const
  for (const page of pages) {
    const [sentence = ''] = /[^.]*Firefox (?:from|before)[^:]*/.exec(read(page)) ?? []
    expect([page, findVersions(sentence, BROWSERS)]).toEqual([page, required])
  }
})

/** What is newer than the required browsers, of what the sources could be tempted to use. */
const TOO_NEW =
  /\(\?<[=!]|\b(?:AbortSignal\.any|Array\.fromAsync|Object\.groupBy|Promise\.(?:try|withResolvers)|RegExp\.escape|Response\.json|URL\.(?:canParse|parse))\b|\.(?:bytes|toBase64|isSubsetOf|intersection)\(/

test('the plugins use nothing that the required browsers lack, but for sharing tokens across tabs', () => {
  const found = ['core', 'maplibre', 'leaflet'].flatMap((name) =>
    readdirSync(join(root, 'packages', name, 'src')).filter((file) =>
      TOO_NEW.test(read(`packages/${name}/src/${file}`)),
    ),
  )
  // Response.json(): Firefox 115, Safari 17, as the README says.
  expect(found).toEqual(['share-across-tabs.ts'])
  expect(support).toContain('`shareAcrossTabs` needs Firefox 115 or Safari 17')
})

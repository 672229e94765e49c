import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../server/src/config/parse.ts'
import { dig, FILES, listVariables, readDeployed, readYaml } from '../support/deploy/files.ts'
import { root } from '../support/repository.ts'

const schema = z.fromJSONSchema(
  JSON.parse(readFileSync(join(root, 'server/tilepass.schema.json'), 'utf8')),
)
const { version } = JSON.parse(readFileSync(join(root, 'server/package.json'), 'utf8'))
const configurations: readonly (readonly [name: string, text: string])[] = [
  ['tilepass.json', readDeployed('tilepass.json')],
  [
    'kubernetes/config.yaml',
    String(dig(readYaml('kubernetes/config.yaml'), 0, 'data', 'tilepass.json')),
  ],
]

function listKnownVariables(): Set<string> {
  const sources = join(root, 'server/src')
  const texts = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(sources, name), 'utf8'))
  return new Set(texts.flatMap(listVariables))
}

test.each(configurations)('the configuration %s is valid', (_, text) => {
  const value: unknown = JSON.parse(text)
  expect(schema.safeParse(value).error).toBeUndefined()
  expect(() => parseConfig(value)).not.toThrow()
})

describe.each(FILES)('%s', (file) => {
  const text = readDeployed(file)

  test('names only variables that the broker reads', () => {
    const known = listKnownVariables()
    expect(listVariables(text).filter((name) => !known.has(name))).toEqual([])
  })

  test('contains no secret: neither a key, a token, nor a password in a URL', () => {
    expect(text).not.toMatch(/-----BEGIN|\beyJ[\w-]{10}|\b[sp]k\.[\w-]{10}/)
    // 32 bytes in base64url are 43 characters.
    expect(text).not.toMatch(/(?<![\w/+=-])[\w-]{43}(?![\w/+=-])/)
    for (const [, password] of text.matchAll(/:\/\/[^\s:/"]+:([^@\s"]+)@/g))
      expect(password).toMatch(/^\$\{/)
    expect(text).not.toMatch(/^kind: Secret$/m)
  })

  test('pins every image: at least a minor version, our own the version of the package', () => {
    const images = [...text.matchAll(/^\s*(?:image:|FROM) ?(\S+)/gm)].map(([, image = '']) =>
      image.replace('$' + '{NODE_VERSION}', /NODE_VERSION=(\S+)/.exec(text)?.[1] ?? ''),
    )
    const stages = [...text.matchAll(/^FROM .* AS (\w+)/gm)].map(([, name]) => name)
    for (const image of images.filter((name) => !stages.includes(name))) {
      expect(image).toMatch(/:v?\d+\.\d+/)
      if (image.includes('tilepass')) expect(image.split(':').at(-1)).toBe(version)
    }
    expect(text).not.toMatch(/:latest\b/)
  })
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkPackage } from '../../scripts/architecture.mjs'

const RULES = {
  name: '@tilepass/sample',
  folder: 'sample',
  imports: ['@tilepass/guard'],
  portable: ['token'],
  looseFiles: ['index.ts', 'errors.ts'],
  floors: [['index'], ['surfaces/*'], ['surfaces'], ['http', 'token'], ['store'], ['errors']],
}

/** A tree without a fault; a test adds or replaces files. */
const CLEAN = {
  'index.ts': `export { serve } from './http/serve.ts'\nexport type { Token } from './token/token.ts'\n`,
  'surfaces/geog/routes.ts': `import { render } from '../render.ts'\nexport const routes = render\n`,
  'surfaces/login/routes.ts': `import { render } from '../render.ts'\nexport const routes = render\n`,
  'surfaces/render.ts': `import '../errors.ts'\nexport const render = 'Buffer'\n`,
  'http/serve.ts': `import { createServer } from 'node:http'\nimport type { Map } from 'leaflet'\nimport { guard } from '@tilepass/guard/fetch'\nimport { read } from '../store/read.ts'\nexport const serve = [createServer, guard, read, {} as Map, process.env, Buffer]\n`,
  'token/token.ts': `import '../store/read.ts'\n// process and Buffer are only mentioned\nexport type Token = { process: string }\nexport const bytes = (token: Token) => token.process\n`,
  'store/read.ts': `import '../errors.ts'\nexport const read = 1\n`,
  'errors.ts': 'export class StoreError extends Error {}\n',
}

/** Writes the clean tree with these files instead, and resolves to what the check reports. */
async function check(files: Record<string, string> = {}, rules: object = {}) {
  const base = mkdtempSync(join(tmpdir(), 'tilepass-architecture-'))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  for (const [file, text] of Object.entries({ ...CLEAN, ...files })) {
    const path = join(base, 'sample/src', file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return checkPackage(base, { ...RULES, ...rules })
}

async function problemsOf(files: Record<string, string>, rules: object = {}): Promise<string[]> {
  return (await check(files, rules)).problems
}

test('a tree that keeps the rules passes, and is counted', async () => {
  const { problems, figures } = await check()
  expect(problems).toEqual([])
  expect(figures).toEqual({
    files: 8,
    'files in no room': 0,
    rooms: 8,
    floors: 6,
    'arrows between rooms': 8,
    'arrows up or sideways': 0,
    'circles of files': 0,
    'circles of rooms': 0,
  })
})

test('an import of a higher floor is named with its file, line and rule', async () => {
  const problems = await problemsOf({
    'store/read.ts': `import '../errors.ts'\nimport '../http/serve.ts'\nexport const read = 1\n`,
  })
  expect(problems[0]).toBe(
    'sample/src/store/read.ts:2: imports "../http/serve.ts", but imports only go down: "store" is on floor 5, and "http" is above it, on floor 4. Let the caller pass the value in, or move the code down.',
  )
})

test.each([
  ['a re-export', `export * from './http/serve.ts'\n`],
  ['a named re-export', `export { serve } from './http/serve.ts'\n`],
  ['a type', `import type { Token } from './http/serve.ts'\nexport type T = Token\n`],
  ['a dynamic import', `export const load = () => import('./http/serve.ts')\n`],
  ['an imported type', `export type Serve = typeof import('./http/serve.ts')\n`],
])('%s counts as an import', async (_name, text) => {
  const problems = await problemsOf({ 'errors.ts': text })
  expect(problems.join('\n')).toContain('errors.ts:1: imports "./http/serve.ts", but imports only')
})

test('rooms of one floor do not import each other, unless the rules list the pair', async () => {
  const files = { 'http/serve.ts': `import '../token/token.ts'\nexport const serve = 1\n` }
  expect(await problemsOf(files)).toEqual([
    expect.stringContaining('"http" and "token" are on one floor'),
  ])
  expect(await problemsOf(files, { neighbours: [['http', 'token']] })).toEqual([])
})

test('folders of surfaces/* are rooms that do not import each other', async () => {
  const problems = await problemsOf({
    'surfaces/geog/routes.ts': `import '../login/routes.ts'\nexport const routes = 1\n`,
  })
  expect(problems).toEqual([
    expect.stringContaining('"surfaces/geog" and "surfaces/login" are on one floor'),
  ])
})

test('files that import each other are reported as a path, type imports included', async () => {
  const problems = await problemsOf({
    'store/read.ts': `import './row.ts'\nexport const read = 1\n`,
    'store/row.ts': `import './table.ts'\n`,
    'store/table.ts': `import type { read } from './read.ts'\nexport type Read = typeof read\n`,
  })
  expect(problems).toEqual([
    expect.stringContaining('store/read.ts → store/row.ts → store/table.ts → store/read.ts'),
  ])
})

test('rooms that the rules allow to import each other are a circle all the same', async () => {
  const problems = await problemsOf(
    {
      'http/serve.ts': `import '../token/token.ts'\nexport const serve = 1\n`,
      'http/parse.ts': 'export const parse = 1\n',
      'token/read.ts': `import '../http/parse.ts'\n`,
    },
    {
      neighbours: [
        ['http', 'token'],
        ['token', 'http'],
      ],
    },
  )
  expect(problems).toEqual([expect.stringContaining('http → token → http')])
})

test.each([
  ['node:crypto', `import { createHash } from 'node:crypto'\nexport const hash = createHash\n`],
  ['fs', `import type { Stats } from 'fs'\nexport type S = Stats\n`],
])('an import of %s in a portable room fails', async (name, text) => {
  const problems = await problemsOf({ 'token/hash.ts': text })
  expect(problems).toEqual([
    expect.stringContaining(
      `sample/src/token/hash.ts:1: imports "${name}", but "token" in @tilepass/sample must run without Node`,
    ),
  ])
})

test.each([
  ['Buffer', `export const bytes = Buffer.from('a')\n`],
  ['Buffer', 'export type Bytes = Buffer\n'],
  ['process', 'export const { env } = process\n'],
])('the global %s in a portable room fails', async (name, text) => {
  const problems = await problemsOf({ 'token/read.ts': `\n${text}` })
  expect(problems).toEqual([
    expect.stringContaining(`sample/src/token/read.ts:2: uses "${name}", but "token"`),
  ])
})

test('a package imports only the packages that it may, by their names', async () => {
  const problems = await problemsOf({
    'http/core.ts': `import '@tilepass/core'\nimport '../../../core/src/index.ts'\n`,
  })
  expect(problems).toEqual([
    expect.stringContaining('@tilepass/sample may import only @tilepass/guard of this repository'),
    expect.stringContaining('a package reaches another one by its name'),
  ])
})

test('a map library gives types only', async () => {
  const problems = await problemsOf({
    'http/map.ts': `import { Map } from 'leaflet'\nexport const create = () => new Map('map')\n`,
  })
  expect(problems).toEqual([expect.stringContaining('only types may come from a map library')])
})

test('a file outside of the rooms, or loose beside them, is reported', async () => {
  const problems = await problemsOf({ 'wiring.ts': 'export {}\n', 'extra/a.ts': 'export {}\n' })
  expect(problems).toEqual([
    expect.stringContaining('sample/src/extra/a.ts: the file belongs to no room'),
    expect.stringContaining('sample/src/wiring.ts: only index.ts and errors.ts may lie directly'),
  ])
})

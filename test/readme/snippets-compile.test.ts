import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root } from '../support/repository.ts'
import { createProject, readSnippets, type Snippet } from '../support/snippets.ts'

const FILES = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  'server/README.md',
  ...readdirSync(join(root, 'docs'), { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
]

/** Declarations for snippets that continue an earlier snippet. */
const ASSUMED = `
declare const token: string
declare const tokens: import('@tilepass/core').TokenManager
declare const map: import('maplibre-gl').Map
// Without types of its own.
declare module 'topojson-client'
declare module '*.vue'
// Of tools that are not installed here.
declare module '@vitejs/plugin-vue'
declare function defineNuxtConfig(config: object): object
`

const isCode = ({ language }: Snippet) => /^[jt]sx?$/.test(language)
const snippets = FILES.flatMap(readSnippets).filter(isCode)
const project = createProject()
afterAll(() => rmSync(project, { recursive: true, force: true }))

test('every snippet of every README and page of the documentation compiles against the built packages', () => {
  const names = snippets.map(
    ({ file, line, language }) => `${file.replaceAll('/', '-')}-line-${line}.${language}`,
  )
  for (const [index, name] of names.entries()) {
    // Always a module, even without an import, so that its names do not collide.
    writeFileSync(join(project, name), `${snippets[index]?.code}export {}\n`)
  }
  writeFileSync(join(project, 'assumed.d.ts'), ASSUMED)
  const compilerOptions = {
    target: 'ES2022',
    module: 'ESNext',
    moduleResolution: 'Bundler',
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: ['node', 'vite/client'],
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    noEmit: true,
  }
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['assumed.d.ts', ...names] }),
  )
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', project],
    { cwd: project, encoding: 'utf8' },
  )
  expect(stdout + stderr).toBe('')
  expect(snippets.filter(({ file }) => file === 'README.md').length).toBeGreaterThanOrEqual(3)
}, 60_000)

test('the first screen of the README shows the files of the quickstart, byte for byte', () => {
  const shown = readSnippets('README.md').filter(
    ({ section, language }) => section === 'Tilepass' && language !== 'sh',
  )
  expect(shown.map(({ code }) => code)).toEqual(
    ['server.js', 'index.html', 'package.json'].map((name) =>
      readFileSync(join(root, 'examples/quickstart', name), 'utf8'),
    ),
  )
  for (const { code } of shown) expect(code.split('\n').length).toBeLessThan(100)
  const kept = execFileSync('git', ['ls-files', 'examples/quickstart'], { cwd: root })
  expect(String(kept).trim().split('\n')).toHaveLength(shown.length)
})

test('the README names the Node version that is enforced', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(readme).toContain(`Node ${engines.node.replace('>=', '')} or newer`)
})

/** Names in the first column of the table of a section of core's README. */
function tableNames(section: string): string[] {
  const readme = readFileSync(join(root, 'packages/core/README.md'), 'utf8')
  const [, text = ''] = readme.split(`## ${section}\n`)
  return [...(text.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name)
}

test('the README of core lists every option and every error code of the token manager, and no other', () => {
  const source = (file: string) => readFileSync(join(root, 'packages/core/src', file), 'utf8')
  const [, options = ''] =
    /interface TokenManagerOptions \{(.*?)\n\}/s.exec(source('token-manager.ts')) ?? []
  const [, codes = ''] = /type TokenErrorCode =(.*?)\n\n/s.exec(source('errors.ts')) ?? []
  const names = [
    ...[...options.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name),
    ...[...codes.matchAll(/'(ERR_\w+)'/g)].map(([, code]) => code),
  ]
  expect(names.length).toBeGreaterThan(6)
  expect(
    [...tableNames('Options'), ...tableNames('Errors')].filter((name) => name !== 'attach').sort(),
  ).toEqual(names.sort())
})

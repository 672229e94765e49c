import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../src')

/** The floors from the bottom up: a file may import its own floor and those below. */
const FLOORS = [
  ['errors.ts'],
  ['options'],
  ['keys', 'tiles'],
  ['token', 'budgets'],
  ['http'],
  ['admission.ts'],
  ['guard.ts', 'forward-auth.ts'],
  ['index.ts', 'broker.ts'],
]
/** Rooms and files that run in every runtime with WebCrypto and `fetch`. */
const PORTABLE = ['errors.ts', 'options', 'keys', 'tiles', 'token', 'budgets', 'admission.ts']

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)
const text = new Map(files.map((file) => [file, readFileSync(join(source, file), 'utf8')]))
const withoutComments = (code: string) => code.replace(/\/\*.*?\*\/|\/\/.*$/gms, '')
const roomOf = (file: string) => file.split('/')[0] ?? file
const floorOf = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)))
const importsOf = (file: string) =>
  [...(text.get(file) ?? '').matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) =>
    relative(source, join(source, dirname(file), path)),
  )

test('every file stands in a room that has a floor', () => {
  expect(files.filter((file) => floorOf(file) < 0)).toEqual([])
  expect(files.length).toBeGreaterThan(30)
})

test('an import never runs up', () => {
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !text.has(imported) || floorOf(imported) > floorOf(file))
      .map((imported) => `${file} imports ${imported}`),
  )
  expect(upward).toEqual([])
})

test('no imports run in a circle, between files or between rooms', () => {
  const roomImports = (room: string) =>
    files.filter((file) => roomOf(file) === room).flatMap((file) => importsOf(file).map(roomOf))
  for (const [names, follow] of [
    [files, importsOf],
    [files.map(roomOf), (room: string) => roomImports(room).filter((other) => other !== room)],
  ] as const) {
    const done = new Set<string>()
    const visit = (name: string, path: readonly string[]) => {
      expect(path, `a circle at ${name}`).not.toContain(name)
      if (done.has(name)) return
      for (const next of follow(name)) visit(next, [...path, name])
      done.add(name)
    }
    for (const name of names) visit(name, [])
  }
})

test('only http/ and the entries depend on Node', () => {
  const dependent = files.filter(
    (file) =>
      PORTABLE.includes(roomOf(file)) &&
      /from '(?:node:|express)|\b(?:Buffer|NodeJS|process|global|setImmediate)\b/.test(
        withoutComments(text.get(file) ?? ''),
      ),
  )
  expect(dependent).toEqual([])
})

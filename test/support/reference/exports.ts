import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../repository.ts'
import { code, GENERATED, toTable } from './markdown.ts'

const INTRODUCTION = `# Exports

What each package exports, with the first sentence of its documentation. Editors show the whole text, with options, units, defaults and errors. Names that are not here are not public.`

/** Folders of the packages, in the order of the page. */
const FOLDERS = [
  'packages/core',
  'packages/maplibre',
  'packages/leaflet',
  'packages/guard',
  'server',
]

interface Export {
  readonly name: string
  readonly kind: string
  readonly sentence: string
}

/** Writes `docs/reference/exports.md` from the sources of the packages. */
export function renderExports(): string {
  const sections = FOLDERS.flatMap((folder) =>
    listEntries(folder).map(({ entry, file }) => {
      const exports = listExports(file).sort((a, b) => a.name.localeCompare(b.name, 'en'))
      const rows = exports.map(({ name, kind, sentence }) => [code(name), kind, sentence])
      return `## ${entry}\n\n${toTable(['name', 'kind', 'what it is'], rows)}`
    }),
  )
  return `${[GENERATED, INTRODUCTION, ...sections].join('\n\n')}\n`
}

/** The modules that a package exports. `/broker` of the guard is for our broker, and not documented. */
function listEntries(folder: string): { readonly entry: string; readonly file: string }[] {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return Object.entries<Record<string, string> | string>(manifest.exports).flatMap(
    ([path, target]) => {
      const source = typeof target === 'object' && target['@tilepass/source']
      if (!source || path === './broker') return []
      return [{ entry: manifest.name + path.slice(1), file: join(root, folder, source) }]
    },
  )
}

/** Every name that a module exports. Our style has named exports only, so they can be read line by line. */
function listExports(file: string): Export[] {
  const text = readFileSync(file, 'utf8')
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)].flatMap(
    ([, names = '', from = '']) => {
      const others = listExports(findModule(file, from))
      return names
        .split(',')
        .map((each) => each.trim().replace(/^type /, ''))
        .filter((each) => each !== '')
        .map((each) => {
          const [own = '', name = own] = each.split(' as ')
          const found = others.find((other) => other.name === own)
          if (!found) throw new Error(`${file} exports ${own}, which ${from} does not have`)
          return { ...found, name }
        })
    },
  )
  const declared = [
    ...text.matchAll(
      /(?:\/\*\*((?:(?!\*\/).)*)\*\/\s*(?:\/\/[^\n]*\n)*)?^export (?:async |declare |abstract )*(function|class|interface|type|const) (\w+)/gms,
    ),
  ].map(([, comment = '', kind = '', name = '']) => ({ name, kind, sentence: toSentence(comment) }))
  return [...passedOn, ...declared]
}

function findModule(file: string, from: string): string {
  return from.startsWith('.')
    ? join(dirname(file), from)
    : join(root, from.replace('@tilepass/', 'packages/'), 'src/index.ts')
}

/** The first sentence of a docstring. */
function toSentence(comment: string): string {
  const text = comment
    .replace(/^\s*\* ?/gm, '')
    .replace(/\{@link (?:\w+ \| )?([^}]+)\}/g, '`$1`')
    .split(/\n\s*\n|^@/m)[0]
    ?.replace(/\s+/g, ' ')
    .trim()
  return /^.*?[.:](?= [A-Z]|$)/.exec(text ?? '')?.[0].replace(/:$/, '.') ?? text ?? ''
}

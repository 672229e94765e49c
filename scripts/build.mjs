// @ts-check
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bin, root, run, setUp } from './setup.mjs'

/**
 * @typedef {object} Part
 * @property {readonly string[]} sources Folders whose files make the part.
 * @property {readonly string[]} folders What the part is built into.
 * @property {readonly string[]} outputs Files that exist once the part is built.
 * @property {() => void | Promise<void>} build
 */

/** What each part is built from, and how. A part is rebuilt only after one of its sources changed. */
const PARTS = /** @satisfies {Record<string, Part>} */ ({
  server: {
    sources: ['packages/guard/src', 'server/src', 'scripts'],
    folders: ['packages/guard/dist', 'server/dist'],
    outputs: ['packages/guard/dist/index.js', 'server/dist/bundle/main.js'],
    build: async () => {
      run(bin('tsc'), ['-b', 'packages/guard', 'server'])
      const { bundleServer } = await import('./bundle-server.mjs')
      await bundleServer()
    },
  },
  packages: {
    sources: ['packages/core/src', 'packages/maplibre/src', 'packages/leaflet/src', 'scripts'],
    folders: ['packages/core/dist', 'packages/maplibre/dist', 'packages/leaflet/dist'],
    outputs: ['packages/core/dist/index.js', 'packages/leaflet/dist/index.js'],
    build: async () => {
      run(bin('tsc'), ['-b', 'packages/core', 'packages/maplibre', 'packages/leaflet'])
      const { buildBrowserPackages } = await import('./build-packages.mjs')
      await buildBrowserPackages()
    },
  },
  examples: {
    sources: ['packages/core/src', 'packages/maplibre/src', 'packages/leaflet/src', 'examples'],
    folders: ['examples/dist'],
    outputs: ['examples/dist/index.html'],
    build: async () => {
      const { build } = await import('vite')
      await build({ root: join(root, 'examples'), logLevel: 'warn' })
    },
  },
})

/** @typedef {keyof typeof PARTS} PartName */

const EVERY_PART = /** @type {PartName[]} */ (Object.keys(PARTS))

/** What is made by a build, an installation or a server that ran is no source. */
const MADE = new Set(['dist', 'node_modules', 'data'])

/** @param {string} folder @returns {string[]} Every source file below the folder, sorted. */
function listFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !MADE.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? listFiles(path) : [path]
    })
    .sort()
}

/** @param {readonly string[]} sources */
function fingerprint(sources) {
  const hash = createHash('sha256')
  const all = sources.flatMap((folder) => listFiles(join(root, folder)))
  for (const file of [...all, join(root, 'package-lock.json'), join(root, 'tsconfig.base.json')]) {
    hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/**
 * Builds the named parts, or all of them, after installing what is missing.
 *
 * @param {readonly PartName[]} names
 */
export async function build(names = EVERY_PART) {
  setUp()
  for (const name of names) {
    const { sources, folders, outputs, build } = PARTS[name]
    const stamp = join(root, `node_modules/.cache/tilepass/${name}`)
    const now = fingerprint(sources)
    const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === now
    if (isCurrent && outputs.every((path) => existsSync(join(root, path)))) continue
    // On standard error: standard output belongs to the command that needed the build.
    console.error(`Building ${name} …`)
    // A file whose source was renamed would be published with the others.
    for (const folder of folders) rmSync(join(root, folder), { recursive: true, force: true })
    await build()
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, now)
  }
}

/** @param {string} name @returns {PartName} */
function parsePart(name) {
  const part = EVERY_PART.find((each) => each === name)
  if (part) return part
  throw new TypeError(`"${name}" is not a part. Expected one of: ${EVERY_PART.join(', ')}.`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2).map(parsePart)
  await build(names.length > 0 ? names : undefined)
}

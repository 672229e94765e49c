import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, run, setUp } from './setup.mjs'

const bin = (name) => join(root, 'node_modules/.bin', name)

/** What each part is built from, and how. A part whose sources have not changed is not built again. */
const PARTS = {
  server: {
    sources: ['packages/guard/src', 'server/src'],
    outputs: ['packages/guard/dist/index.js', 'server/dist/main.js'],
    build: () => run(bin('tsc'), ['-b', 'packages/guard', 'server']),
  },
  packages: {
    sources: ['packages/core/src', 'packages/maplibre/src', 'packages/leaflet/src', 'scripts'],
    outputs: ['packages/core/dist/index.js', 'packages/leaflet/dist/index.js'],
    build: async () => {
      run(bin('tsc'), ['-b', 'packages/core', 'packages/maplibre', 'packages/leaflet'])
      const { buildBrowserPackages } = await import('./build-packages.mjs')
      await buildBrowserPackages()
    },
  },
  examples: {
    sources: ['packages/core/src', 'packages/maplibre/src', 'packages/leaflet/src', 'examples'],
    outputs: ['examples/dist/index.html'],
    build: async () => {
      const { build } = await import('vite')
      await build({ root: join(root, 'examples'), logLevel: 'warn' })
    },
  },
}

/** @param {string} folder @returns {string[]} every source file below it, sorted */
function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'dist' && name !== 'node_modules')
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? files(path) : [path]
    })
    .sort()
}

function fingerprint(sources) {
  const hash = createHash('sha256')
  const all = sources.flatMap((folder) => files(join(root, folder)))
  for (const file of [...all, join(root, 'package-lock.json'), join(root, 'tsconfig.base.json')]) {
    hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/**
 * Builds the named parts, or all of them.
 *
 * @param {string[]} names
 */
export async function build(names = Object.keys(PARTS)) {
  setUp()
  for (const name of names) {
    const { sources, outputs, build } = PARTS[name]
    const stamp = join(root, `node_modules/.cache/tilepass/${name}`)
    const now = fingerprint(sources)
    const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === now
    if (fresh && outputs.every((path) => existsSync(join(root, path)))) continue
    // On standard error: a command line tool that builds itself keeps its own output clean.
    console.error(`Building ${name} …`)
    await build()
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, now)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()

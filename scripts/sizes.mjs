// @ts-check
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from './build.mjs'
import { root } from './setup.mjs'

/**
 * @typedef {object} Entry
 * @property {string} name What a page imports or loads.
 * @property {number} budget In bytes, minified and compressed with gzip.
 * @property {string} [file] A built file that is measured as it is.
 * @property {string} [code] A module that is bundled first; dependencies and peers stay outside.
 */

/** @type {readonly Entry[]} */
const ENTRIES = [
  {
    name: '@tilepass/core, createTokenManager alone',
    code: `export { createTokenManager } from '@tilepass/core'`,
    budget: 5_385,
  },
  { name: '@tilepass/core/pmtiles', code: `export * from '@tilepass/core/pmtiles'`, budget: 890 },
  { name: '@tilepass/core/geotiff', code: `export * from '@tilepass/core/geotiff'`, budget: 380 },
  { name: '@tilepass/core/download', code: `export * from '@tilepass/core/download'`, budget: 635 },
  {
    name: '@tilepass/maplibre/control',
    code: `export * from '@tilepass/maplibre/control'`,
    budget: 760,
  },
  {
    name: 'tilepass-maplibre.mjs, core inside',
    file: 'packages/maplibre/dist/tilepass-maplibre.mjs',
    budget: 8_145,
  },
  {
    name: 'tilepass-leaflet.iife.js, core inside',
    file: 'packages/leaflet/dist/tilepass-leaflet.iife.js',
    budget: 7_085,
  },
  {
    name: '@tilepass/guard/fetch, guard alone',
    code: `export { guard } from '@tilepass/guard/fetch'`,
    budget: 14_900,
  },
  {
    name: '@tilepass/guard/fetch, cachedGuard alone',
    code: `export { cachedGuard } from '@tilepass/guard/fetch'`,
    budget: 16_000,
  },
]

const READMES = [
  'README.md',
  'packages/core/README.md',
  'packages/maplibre/README.md',
  'packages/leaflet/README.md',
  'packages/guard/README.md',
]

/** @param {Entry} entry @returns {Promise<number>} */
async function measure({ file, code }) {
  const text = file ? readFileSync(join(root, file), 'utf8') : await bundle(code ?? '')
  // A browser asks for the source map only while its developer tools are open.
  const served = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '')
  return gzipSync(served, { level: 9 }).length
}

/** @param {string} code @returns {Promise<string>} The bundle that a page's bundler builds from it. */
export async function bundle(code) {
  const vite = await import('vite')
  const id = 'size-entry.js'
  const output = await vite.build({
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { conditions: ['@tilepass/source'] },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: id, formats: ['es'], fileName: 'entry' },
      rolldownOptions: {
        external: ['pmtiles', 'geotiff', 'maplibre-gl', 'leaflet'],
        output: { minify: true, comments: false },
      },
    },
    plugins: [
      {
        name: 'size-entry',
        enforce: 'pre',
        resolveId: (source) => (source.endsWith(id) ? id : undefined),
        load: (source) => (source === id ? code : undefined),
      },
    ],
  })
  const [first] = Array.isArray(output) ? output : [output]
  if (!first || !('output' in first)) throw new TypeError('Vite returned no bundle')
  return first.output[0].code
}

/**
 * Finds bundle sizes that READMEs state: "4.3 kB" on a line that says gzip. Each must be the size of
 * an entry, rounded.
 *
 * @param {readonly number[]} sizes
 * @returns {string[]} The wrong claims.
 */
function findWrongClaims(sizes) {
  return READMES.flatMap((path) => {
    const lines = readFileSync(join(root, path), 'utf8').split('\n')
    return lines.flatMap((line, index) => {
      if (!/gzip/i.test(line)) return []
      return [...line.matchAll(/(\d+(?:\.(\d+))?) kB/g)]
        .filter(([, claim, digits = '']) =>
          sizes.every((size) => (size / 1000).toFixed(digits.length) !== claim),
        )
        .map(
          ([claim]) => `${path}:${index + 1}: no entry has ${claim}. State a size from this list.`,
        )
    })
  })
}

/** Prints every size, and ends the process if one is over its budget or a README states a wrong one. */
export async function checkSizes() {
  const problems = []
  const sizes = []
  for (const entry of ENTRIES) {
    const size = await measure(entry)
    sizes.push(size)
    console.log(`  ${entry.name}: ${size} of ${entry.budget} bytes`)
    if (size > entry.budget)
      problems.push(
        `${entry.name} is ${size - entry.budget} bytes over its budget. Make it smaller; raise the budget only if the gain is worth the bytes.`,
      )
  }
  problems.push(...findWrongClaims(sizes))
  for (const problem of problems) console.error(`  ${problem}`)
  if (problems.length > 0) process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build(['packages'])
  await checkSizes()
}

// @ts-check
import { join } from 'node:path'
import { build } from 'vite'
import { root } from './setup.mjs'

/** @param {string} name Folder of the package. */
const packageFolder = (name) => join(root, 'packages', name)
const core = join(packageFolder('core'), 'src/index.ts')

/**
 * @param {string} name Folder of the package.
 * @param {NonNullable<import('vite').UserConfig['build']>} options
 * @param {Record<string, string>} [alias] Modules to include in the bundle, with their source files.
 */
function bundle(name, options, alias = {}) {
  return build({
    configFile: false,
    root: packageFolder(name),
    logLevel: 'warn',
    resolve: { alias },
    build: { target: 'es2022', sourcemap: true, emptyOutDir: false, outDir: 'dist', ...options },
  })
}

/**
 * Modules for bundlers: one file per entry. Dependencies stay imports.
 *
 * @param {string} name Folder of the package.
 * @param {readonly string[]} entries Names of source files, without `.ts`.
 */
function buildModules(name, entries) {
  return bundle(name, {
    lib: {
      entry: Object.fromEntries(
        entries.map((entry) => [entry, join(packageFolder(name), `src/${entry}.ts`)]),
      ),
      formats: ['es'],
      fileName: (_format, entry) => `${entry}.js`,
    },
    minify: false,
    rolldownOptions: { external: [/^@tilepass\//, 'pmtiles', 'geotiff'] },
  })
}

/**
 * A single file with core inside, for pages without a bundler. An IIFE adds its exports to the
 * global `tilepass`.
 *
 * @param {string} name Folder of the package.
 * @param {'iife' | 'es'} format
 * @param {string} fileName
 */
function buildSingleFile(name, format, fileName) {
  return bundle(
    name,
    {
      lib: {
        entry: join(root, `scripts/standalone/${name}.ts`),
        formats: [format],
        name: 'tilepass',
        fileName: () => fileName,
      },
      // After the bundler's own minifier, this one makes the files some 2 % smaller. By default Vite would also keep white space in ES
      // modules for a later bundler; no bundler follows here.
      minify: 'terser',
      terserOptions: {
        module: format === 'es',
        toplevel: true,
        ecma: 2020,
        compress: { passes: 3, unsafe_arrows: true, keep_fargs: false, hoist_props: true },
        format: { comments: false },
      },
      rolldownOptions: {
        output: {
          minify: true,
          comments: false,
          generatedCode: { symbols: false },
          ...(format === 'iife' && { extend: true }),
        },
      },
    },
    { '@tilepass/core': core },
  )
}

/** Builds every browser package into its `dist` folder. */
export async function buildBrowserPackages() {
  await buildModules('core', ['index', 'pmtiles', 'geotiff', 'download'])
  await buildModules('maplibre', ['index', 'control'])
  await buildModules('leaflet', ['index'])
  for (const name of ['core', 'maplibre', 'leaflet']) {
    await buildSingleFile(name, 'iife', `tilepass-${name}.iife.js`)
  }
  await buildSingleFile('maplibre', 'es', 'tilepass-maplibre.mjs')
}

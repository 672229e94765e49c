import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { root } from './setup.mjs'

const packageFolder = (name) => join(root, 'packages', name)
const core = join(packageFolder('core'), 'src/index.ts')

/**
 * @param {string} name Folder of the package.
 * @param {import('vite').UserConfig['build']} options
 * @param {object} [alias] Modules that are built in.
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

/** Modules for bundlers, each entry a file of its own; what is imported by name stays outside. */
function modules(name, entries) {
  const present = entries.filter((entry) =>
    existsSync(join(packageFolder(name), `src/${entry}.ts`)),
  )
  return bundle(name, {
    lib: {
      entry: Object.fromEntries(
        present.map((entry) => [entry, join(packageFolder(name), `src/${entry}.ts`)]),
      ),
      formats: ['es'],
      fileName: (_format, entry) => `${entry}.js`,
    },
    minify: false,
    rolldownOptions: { external: [/^@tilepass\//, 'pmtiles', 'geotiff'] },
  })
}

/** One file for pages without a bundler, with core inside. Scripts add to the global `tilepass`. */
function standalone(name, format, fileName) {
  return bundle(
    name,
    {
      lib: {
        entry: join(root, `scripts/standalone/${name}.ts`),
        formats: [format],
        name: 'tilepass',
        fileName: () => fileName,
      },
      minify: 'oxc',
      // Vite leaves the white space in modules, for bundlers; nothing comes after this one.
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
  await modules('core', ['index', 'pmtiles', 'geotiff', 'download'])
  await modules('maplibre', ['index', 'control'])
  await modules('leaflet', ['index'])
  for (const name of ['core', 'maplibre', 'leaflet']) {
    await standalone(name, 'iife', `tilepass-${name}.iife.js`)
  }
  await standalone('maplibre', 'es', 'tilepass-maplibre.mjs')
}

import { join } from 'node:path'
import { build, type Rollup } from 'vite'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'

const source = (path: string) => join(root, 'packages', path)

/** Bundles a module with this text. */
async function bundle(text: string): Promise<string> {
  const entry = 'virtual-entry.js'
  const [result] = (await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: [{ find: /^@tilepass\/core$/, replacement: source('core/src/index.ts') }] },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: 'bundle' },
      rolldownOptions: { external: ['pmtiles', 'geotiff'], output: { minify: true } },
    },
    plugins: [
      {
        name: 'virtual-entry',
        enforce: 'pre',
        resolveId: (id) => (id.endsWith(entry) ? entry : undefined),
        load: (id) => (id === entry ? text : undefined),
      },
    ],
  })) as Rollup.RollupOutput[]
  return result?.output[0].code ?? ''
}

const from = (path: string, ...names: string[]) =>
  `export { ${names.join(', ')} } from ${JSON.stringify(source(path))}`

test('parts of core that are not imported add nothing to a bundle', async () => {
  const [package_, module] = await Promise.all([
    bundle(from('core/src/index.ts', 'createTokenManager')),
    bundle(from('core/src/create-token-manager.ts', 'createTokenManager')),
  ])
  expect(package_).toBe(module)
  expect(package_).not.toMatch(/BroadcastChannel|bytes=0-0|noreferrer|getBytes|idle keys/)
})

test('a plugin includes only the parts of core that it uses: no control, pool, tabs or archives', async () => {
  const plugin = (name: string, exported: string) =>
    bundle(
      `${from('core/src/index.ts', 'createTokenManager')}\n${from(`${name}/src/index.ts`, exported)}`,
    )
  const [maplibre, leaflet] = await Promise.all([
    plugin('maplibre', 'createMapAuthorizer'),
    plugin('leaflet', 'createTileLayer'),
  ])
  for (const code of [maplibre, leaflet]) {
    expect(code).not.toMatch(/BroadcastChannel|bytes=0-0|noreferrer|getBytes|role|aria-/)
  }
  const [control, pool, tabs] = await Promise.all([
    bundle(from('maplibre/src/control.ts', 'TokenControl')),
    bundle(from('core/src/token-pool.ts', 'createTokenPool')),
    bundle(from('core/src/share-across-tabs.ts', 'shareAcrossTabs')),
  ])
  // These words do appear in the bundles of the parts, so their absence above proves something.
  expect(control).toMatch(/role/)
  expect(tabs).toMatch(/BroadcastChannel/)
  expect(pool.length).toBeGreaterThan(500)
})

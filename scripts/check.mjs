import { join } from 'node:path'
import { build } from './build.mjs'
import { root, run } from './setup.mjs'
import { checkSizes } from './sizes.mjs'

await build()
const bin = (name) => join(root, 'node_modules/.bin', name)

console.error('Lint and format')
run(bin('biome'), ['check', '--error-on-warnings', '.'])
console.error('Types')
run(bin('tsc'), ['-b', '.'])
console.error('Sizes')
await checkSizes()
console.error('Packages')
for (const folder of [
  'packages/core',
  'packages/maplibre',
  'packages/leaflet',
  'packages/guard',
  'server',
]) {
  run(bin('publint'), ['--strict', folder])
  run(bin('attw'), [
    '--pack',
    folder,
    '--profile',
    'esm-only',
    '--quiet',
    '--exclude-entrypoints',
    './control.css',
  ])
}
console.error('Everything checks out.')

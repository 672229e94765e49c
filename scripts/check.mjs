// @ts-check
import { checkArchitecture } from './architecture.mjs'
import { PACKAGES } from './architecture-rules.mjs'
import { build } from './build.mjs'
import { bin, run } from './setup.mjs'
import { checkSizes } from './sizes.mjs'

await build()

console.error('Architecture')
await checkArchitecture()
console.error('Lint and format')
run(bin('biome'), ['check', '--error-on-warnings', '.'])
console.error('Types')
run(bin('tsc'), ['-b', '.'])
console.error('Sizes')
await checkSizes()
console.error('Packages')
for (const { folder } of PACKAGES) {
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
console.error('All checks passed.')

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { root } from './setup.mjs'

await build(['server', 'packages'])

/** Every benchmark exports `rows()`: what was compared, the ratio, and the limit it should stay under. */
const folder = join(root, 'test/bench')
const rows = []
for (const file of readdirSync(folder).filter((name) => name.endsWith('.bench.mjs'))) {
  console.error(`Running ${file} …`)
  const { rows: measure } = await import(pathToFileURL(join(folder, file)).href)
  rows.push(...(await measure()))
}
console.table(
  rows.map(({ name, against, ratio, limit }) => ({
    benchmark: name,
    against,
    ratio: ratio.toFixed(2),
    limit: limit === undefined ? '' : `≤ ${limit}`,
  })),
)

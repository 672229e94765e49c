// @ts-check
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { root } from './setup.mjs'

/**
 * @typedef {object} BenchmarkRow
 * @property {string} name What was measured.
 * @property {string} against What it was compared with.
 * @property {number} ratio Cost of the first divided by the cost of the second.
 * @property {number} [limit] The ratio that it should not exceed.
 */

await build(['server', 'packages'])

const folder = join(root, 'test/bench')
/** @type {BenchmarkRow[]} */
const results = []
for (const file of readdirSync(folder).filter((name) => name.endsWith('.bench.mjs'))) {
  console.error(`Running ${file} …`)
  const { rows } = await import(pathToFileURL(join(folder, file)).href)
  results.push(...(await rows()))
}
console.table(
  results.map(({ name, against, ratio, limit }) => ({
    benchmark: name,
    against,
    ratio: ratio.toFixed(2),
    limit: limit === undefined ? '' : `≤ ${limit}`,
  })),
)

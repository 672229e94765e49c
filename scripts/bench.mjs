// @ts-check
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { root } from './setup.mjs'

// `npm run bench` measures everything and writes the tables of docs/performance.md; `npm run bench guard`
// measures what has "guard" in its file's name, and writes nothing. `--quick` only shows that it runs.

/**
 * @typedef {object} BenchmarkRow
 * @property {string} name What was measured.
 * @property {string} against What it was compared with.
 * @property {number} ratio Cost of the first divided by the cost of the second.
 * @property {number} [spread] Half of the distance between the quartiles of the rounds.
 * @property {number} [limit] The ratio that it should not exceed.
 */

/**
 * @typedef {object} Benchmark
 * @property {string} [title] Of its table in docs/performance.md.
 * @property {(options: { quick: boolean }) => Promise<BenchmarkRow[]>} rows
 */

const quick = process.argv.includes('--quick')
const [part = ''] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const folder = join(root, 'test/bench')
const page = join(root, 'docs/performance.md')

await build(['server', 'packages'])

/** @type {Map<string, BenchmarkRow[]>} */
const tables = new Map()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.bench.mjs'))) {
  if (!file.includes(part)) continue
  process.stderr.write(`Running ${file} … `)
  const begun = performance.now()
  /** @type {Benchmark} */
  const benchmark = await import(pathToFileURL(join(folder, file)).href)
  const { title = 'Others' } = benchmark
  try {
    tables.set(title, [...(tables.get(title) ?? []), ...(await benchmark.rows({ quick }))])
  } catch (error) {
    // The others take long enough to be worth their figures.
    console.error(error)
    process.exitCode = 1
  }
  console.error(`${Math.round((performance.now() - begun) / 1000)} s`)
}
if (tables.size === 0 && process.exitCode === undefined)
  throw new Error(`No benchmark has "${part}" in its name.`)

for (const [title, rows] of tables) {
  console.log(`\n${title}`)
  console.table(
    rows.map((row) => ({
      benchmark: row.name,
      against: row.against,
      ratio: formatRatio(row),
      limit: row.limit === undefined ? '' : `≤ ${row.limit}`,
    })),
  )
}
if (!quick) {
  if (part === '') writePage()
  const missed = [...tables.values()].flat().filter(isMissed)
  for (const { name, ratio, limit } of missed)
    console.error(`${name}: ${ratio.toFixed(2)} is over its limit of ${limit}.`)
  if (missed.length > 0) process.exitCode = 1
}

/** Is a limit missed by more than chance? @param {BenchmarkRow} row */
function isMissed({ ratio, spread = 0, limit = Number.POSITIVE_INFINITY }) {
  return ratio - spread > limit
}

/** @param {BenchmarkRow} row */
function formatRatio({ ratio, spread }) {
  return ratio.toFixed(2) + (spread === undefined ? '' : ` ± ${spread.toFixed(2)}`)
}

/** Replaces the tables of the page; the text around them stays. */
function writePage() {
  const [begin, end] = ['<!-- begin: npm run bench -->', '<!-- end -->']
  const text = readFileSync(page, 'utf8')
  const [before, rest = ''] = text.split(begin)
  const machine = `${cpus()[0]?.model ?? 'an unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`
  const sections = [...tables].map(([title, rows]) => {
    const lines = rows.map(
      (row) =>
        `| ${row.name} | ${row.against} | ${formatRatio(row)} | ${row.limit === undefined ? '' : `≤ ${row.limit}${isMissed(row) ? ', missed' : ''}`} |`,
    )
    return `### ${title}\n\n| what | against | ratio | limit |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`
  })
  const body = [`Measured on ${machine}.\n`, ...sections].join('\n')
  writeFileSync(page, `${before}${begin}\n\n${body}\n${end}${rest.split(end)[1] ?? '\n'}`)
}

// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { findPostgres } from './postgres.mjs'
import { root } from './setup.mjs'

const USAGE = 'Usage: npm run test:faults -- [--row <name>]…'
const START = '<!-- Measured figures: written by "npm run test:faults". -->'
const END = '<!-- End of measured figures. -->'

/**
 * @typedef {object} Figure
 * @property {string} row Such as `F1`.
 * @property {string} title What was done.
 * @property {string} size How often.
 * @property {string} what What was measured.
 * @property {string} figure
 * @property {string} passes What it must be.
 */

/** @param {string} message @returns {never} */
function refuse(message) {
  console.error(`${message}\n${USAGE}`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({ options: { row: { type: 'string', multiple: true, default: [] } } }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const { row: chosen } = readArguments()
await build(['server', 'packages'])
const folder = join(root, 'node_modules/.cache/tilepass')
mkdirSync(folder, { recursive: true })
const report = join(folder, 'faults.jsonl')
rmSync(report, { force: true })
// Times are those of a machine that has nothing else to do, or they say that it had.
const [loadBefore = 0] = loadavg()
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const filter = chosen.length === 0 ? [] : ['--testNamePattern', `^(?:${chosen.join('|')}): `]
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'faults', '--no-file-parallelism', ...filter],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TILEPASS_FAULTS: 'long', TILEPASS_FAULTS_REPORT: report },
  },
)
if (!existsSync(report)) refuse('No fault has run.')
/** @type {(Figure & { isFailed?: boolean })[]} */
const entries = readFileSync(report, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const failed = new Set(entries.filter(({ isFailed }) => isFailed).map(({ row }) => row))
const figures = entries.filter(({ row }) => !failed.has(row))
console.table(figures.map(({ row, what, figure, passes }) => ({ row, what, figure, passes })))
writeTable(figures)
if (failed.size > 0)
  console.error(`Not passed, and left as they were in the table: ${[...failed].join(', ')}`)
process.exit(status ?? 1)

/**
 * Writes the figures into the documentation. What was not measured this time stays as it was.
 *
 * @param {Figure[]} measured
 */
function writeTable(measured) {
  const file = join(root, 'docs/reliability.md')
  const text = readFileSync(file, 'utf8')
  const [before = '', rest = ''] = text.split(START)
  const [old = '', after = ''] = rest.split(END)
  const isComplete = chosen.length === 0 && failed.size === 0
  const rows = isComplete ? new Map() : readRows(old)
  for (const name of new Set(measured.map(({ row }) => row)))
    rows.set(name, formatRow(measured.filter(({ row }) => row === name)))
  const lines = [...rows].sort(([a], [b]) => compareRows(a, b)).flatMap(([, lines]) => lines)
  const head = ['| # | fault | measured | figure | must be |', '|---|---|---|---|---|']
  const origin = isComplete ? '' : ' Rows were measured in several runs.'
  const table = [describeMachine() + origin, '', ...head, ...lines].join('\n')
  writeFileSync(file, `${before}${START}\n\n${table}\n\n${END}${after}`)
}

/** @param {readonly Figure[]} figures Of one row. @returns {string[]} */
function formatRow(figures) {
  const faults = figures.map(({ title, size }) => `${title}: ${size}`)
  return figures.map(({ row: name, what, figure, passes }, index) => {
    // What the line above says is not repeated.
    const isFirst = faults[index] !== faults[index - 1]
    const cells = [index === 0 ? name : '', isFirst ? faults[index] : '', what, figure, passes]
    return `| ${cells.join(' | ')} |`
  })
}

/** The lines of a table by row. @param {string} table @returns {Map<string, string[]>} */
function readRows(table) {
  const rows = new Map()
  let current = ''
  for (const line of table.split('\n')) {
    const [, cell] = /^\| ([^|]*) \|/.exec(line) ?? []
    if (cell === undefined || cell === '#') continue
    current = cell.trim() || current
    rows.set(current, [...(rows.get(current) ?? []), line])
  }
  return rows
}

/** F1 to F18 in their order, then the others by name. @param {string} a @param {string} b */
function compareRows(a, b) {
  const isNumbered = (/** @type {string} */ name) => Number(/^F\d+$/.test(name))
  return isNumbered(b) - isNumbered(a) || a.localeCompare(b, 'en', { numeric: true })
}

function describeMachine() {
  const cores = availableParallelism()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  const postgres = findPostgres()?.match(/\d+/)?.[0]
  const database = postgres === undefined ? '' : `, PostgreSQL ${postgres}`
  return `Measured on ${cores} cores with ${gibibytes} GiB of memory (${type()}), Node ${process.versions.node}${database}. Load before the last run: ${loadBefore.toFixed(1)}, of which 0 is idle and ${cores} is full.`
}

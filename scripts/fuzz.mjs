// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, setUp } from './setup.mjs'

const USAGE = 'Usage: npm run fuzz -- --minutes <number> [--target <name>] [--seed <whole number>]'
const DEFAULT_MINUTES = '10'

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {number} inputs
 * @property {number} accepted
 * @property {unknown} [failed] The smallest input found that failed.
 */

/** @param {string} message @returns {never} */
function refuse(message) {
  console.error(`${message}\n${USAGE}`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        minutes: { type: 'string', default: DEFAULT_MINUTES },
        target: { type: 'string' },
        seed: { type: 'string' },
      },
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const corpus = join(root, 'test/fuzz/corpus')
const names = readdirSync(corpus).map((file) => file.replace(/\.json$/, ''))
const { minutes, target, seed } = readArguments()
if (!/^\d+(\.\d+)?$/.test(minutes) || Number(minutes) <= 0)
  refuse(`--minutes must be a positive number (given: "${minutes}").`)
if (seed !== undefined && !/^\d{1,10}$/.test(seed))
  refuse(`--seed must be a whole number (given: "${seed}").`)
if (target !== undefined && !names.includes(target))
  refuse(`--target must be one of ${names.join(', ')} (given: "${target}").`)

setUp()
const folder = join(root, 'node_modules/.cache/tilepass')
mkdirSync(folder, { recursive: true })
const report = join(folder, 'fuzz.jsonl')
rmSync(report, { force: true })
const seconds = (Number(minutes) * 60) / (target === undefined ? names.length : 1)
console.error(`${seconds.toFixed(1)} s for each target. Failing inputs go to test/fuzz/corpus/.`)
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const filter = target === undefined ? [] : ['--testNamePattern', `^${target} `]
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'node', '--reporter=verbose', 'test/fuzz/fuzz.test.ts', ...filter],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      FUZZ_SECONDS: seconds.toFixed(1),
      FUZZ_REPORT: report,
      ...(seed === undefined ? {} : { FUZZ_SEED: seed }),
    },
  },
)

/** @type {Outcome[]} */
const outcomes = existsSync(report)
  ? readFileSync(report, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : []
console.table(
  outcomes.map(({ name, inputs, accepted, ...rest }) => ({
    target: name,
    inputs,
    accepted: `${((100 * accepted) / Math.max(1, inputs)).toFixed(1)} %`,
    outcome: 'failed' in rest ? 'FAILED' : 'holds',
  })),
)
for (const { name, failed } of outcomes.filter((outcome) => 'failed' in outcome))
  console.error(`${name} fails; now in test/fuzz/corpus/${name}.json: ${JSON.stringify(failed)}`)
process.exit(status ?? 1)

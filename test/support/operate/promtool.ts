import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../../scripts/gateways.mjs'
import type { ScrapedSample } from '../../../server/test/support/scrape.ts'
import { root } from '../repository.ts'

const run = promisify(execFile)

/** The rules that an operator gives to Prometheus. */
export const RULES = join(root, 'deploy/prometheus/tilepass.rules.yml')
/** Prometheus's own tool for rules, if it is installed. */
export const promtool = findProgram('promtool')

/** Runs promtool, and resolves to what it prints. @throws Error with what it prints if it fails. */
export async function runPromtool(...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(promtool ?? 'promtool', args)
    return stdout + stderr
  } catch (error) {
    const { stdout, stderr } = Object(error)
    throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`)
  }
}

/** What Prometheus reads of a broker: before something goes wrong, and a scrape later. */
export interface Scrapes {
  readonly before: readonly ScrapedSample[]
  readonly after: readonly ScrapedSample[]
  /** Does Prometheus reach the broker? Default: true. */
  readonly isUp?: boolean
}

const SECONDS = 15
const TIMES = 240

/**
 * Asserts with Prometheus's own evaluation which alerts fire after half an hour, if it goes on as between
 * the two scrapes: counts grow by the same each time, and other values stay as in the second.
 *
 * @param expected Name of an alert that fires, or `undefined` if none does.
 */
export async function assertAlert(scrapes: Scrapes, expected: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-alerts-'))
  try {
    const file = join(folder, 'test.json')
    const name = expected === undefined ? '' : `alertname="${expected}",`
    const test = {
      interval: `${SECONDS}s`,
      input_series: toSeries(scrapes),
      promql_expr_test: [
        {
          expr: `group by (alertname) (ALERTS{${name}alertstate="firing"})`,
          eval_time: '30m',
          exp_samples:
            expected === undefined ? [] : [{ labels: `{alertname="${expected}"}`, value: 1 }],
        },
      ],
    }
    // JSON is YAML.
    const content = { rule_files: [RULES], evaluation_interval: `${SECONDS}s`, tests: [test] }
    writeFileSync(file, JSON.stringify(content))
    await runPromtool('test', 'rules', file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function toSeries({ before, after, isUp = true }: Scrapes) {
  const known = new Map(before.map(({ series, value }) => [series, value]))
  const series = after
    .filter(({ value }) => Number.isFinite(value))
    .map(({ series, value, isCount }) => {
      const first = isCount ? (known.get(series) ?? 0) : value
      const step = isCount ? value - first : 0
      return {
        series: addLabels(series),
        values: `${toDecimal(first)}+${toDecimal(step)}x${TIMES}`,
      }
    })
  return [...series, { series: addLabels('up'), values: `${isUp ? 1 : 0}x${TIMES}` }]
}

/** The labels that Prometheus adds. */
function addLabels(series: string): string {
  const added = 'instance="127.0.0.1:9464",job="tilepass"'
  return series.endsWith('}') ? `${series.slice(0, -1)},${added}}` : `${series}{${added}}`
}

const toDecimal = (value: number) => value.toFixed(9)

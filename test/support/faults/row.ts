import { appendFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findPostgres } from '../../../server/test/support/postgres-cluster.ts'

/** Is this the long run? "npm run test:faults" says so, and where the figures go. */
export const isLong = process.env.TILEPASS_FAULTS === 'long'
const { TILEPASS_FAULTS_REPORT: reportFile } = process.env

/** How often, or how much, in each of the two runs. */
export interface Scale {
  readonly short: number
  readonly long: number
  /** What is counted, as in `kills`. */
  readonly unit: string
  /** What the test needs besides Node; without it, the test is skipped. */
  readonly needs?: 'postgres'
}

/** What a figure must be. */
export interface Criterion {
  readonly atMost?: number
  readonly atLeast?: number
  /** As in `ms`. */
  readonly unit?: string
}

/** A line of the table. */
interface Figure {
  readonly row: string
  readonly title: string
  readonly size: string
  readonly what: string
  readonly figure: string
  readonly passes: string
}

/** What a fault gets when it runs. */
export interface FaultContext {
  readonly scale: number
  /** Prints a figure beside its criterion, keeps it for the table, and fails the test if it does not pass. */
  report(what: string, figure: number, criterion: Criterion): void
  /** The same for what only the long run asserts, because it has the machine to itself, and time to settle. */
  reportLong(what: string, figure: number, criterion: Criterion): void
}

const LONG_TIMEOUT = 900_000
const SHORT_TIMEOUT = 90_000

/**
 * Declares a fault as a test: what is done, how often, and by which figures it passes.
 *
 * @param row Its name in the table of docs/reliability.md, as in `F1`.
 */
export function fault(
  row: string,
  title: string,
  { needs, unit, ...scales }: Scale,
  run: (context: FaultContext) => Promise<void>,
): void {
  const scale = isLong ? scales.long : scales.short
  const declare = needs === 'postgres' && findPostgres() === undefined ? test.skip : test
  const timeout = isLong ? LONG_TIMEOUT : SHORT_TIMEOUT
  const size = `${scale.toLocaleString('en')} ${unit}`
  declare(`${row}: ${title}`, { timeout }, async () => {
    const figures: Figure[] = []
    const record = (what: string, value: number, criterion: Criterion, counts: boolean) => {
      const figure = formatFigure(value, criterion.unit)
      figures.push({ row, title, size, what, figure, passes: describeCriterion(criterion) })
      if (!counts) return
      const { atMost, atLeast } = criterion
      if (atMost !== undefined) expect(value, what).toBeLessThanOrEqual(atMost)
      if (atLeast !== undefined) expect(value, what).toBeGreaterThanOrEqual(atLeast)
    }
    let isPassed = false
    try {
      await run({
        scale,
        report: (what, figure, criterion) => record(what, figure, criterion, true),
        reportLong: (what, figure, criterion) => record(what, figure, criterion, isLong),
      })
      isPassed = true
    } finally {
      const lines = figures.map(({ what, figure, passes }) => `  ${what}: ${figure} (${passes})`)
      say([`${row}: ${title}, ${size}`, ...lines].join('\n'))
      const entries = isPassed ? figures : [{ row, isFailed: true }]
      if (reportFile)
        appendFileSync(reportFile, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    }
  })
}

/** Prints a line for whoever reads the output of the tests. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function describeCriterion({ atMost, atLeast, unit }: Criterion): string {
  const parts = []
  if (atMost !== undefined && atMost === (atLeast ?? 0)) return formatFigure(atMost, unit)
  if (atLeast !== undefined) parts.push(`≥ ${formatFigure(atLeast, unit)}`)
  if (atMost !== undefined) parts.push(`≤ ${formatFigure(atMost, unit)}`)
  return parts.join(', ')
}

/** With as many digits as say something. */
function formatFigure(figure: number, unit = ''): string {
  const rounded = Number.isInteger(figure) ? figure : Number(figure.toPrecision(3))
  return `${rounded.toLocaleString('en')}${unit && ` ${unit}`}`
}

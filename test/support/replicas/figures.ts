import { expect } from 'vitest'

/** What a figure must be. */
export interface Criterion {
  readonly atMost?: number
  readonly atLeast?: number
  /** As in `ms`. */
  readonly unit?: string
}

/** Figures beside what they must be. */
export interface Figures {
  /** A figure without a criterion is only printed. */
  add(what: string, figure: number, criterion?: Criterion): void
  /** Prints all of them, and fails the test if one does not pass. */
  print(title: string): void
}

export function createFigures(): Figures {
  const rows: { what: string; figure: number; criterion: Criterion }[] = []
  return {
    add: (what, figure, criterion = {}) => void rows.push({ what, figure, criterion }),
    print: (title) => {
      const lines = rows.map(({ what, figure, criterion }) => {
        const passes = describe(criterion)
        return `  ${what}: ${format(figure, criterion.unit)}${passes && ` (${passes})`}`
      })
      process.stdout.write(`${[title, ...lines].join('\n')}\n`)
      for (const { what, figure, criterion } of rows) {
        if (criterion.atMost !== undefined)
          expect.soft(figure, what).toBeLessThanOrEqual(criterion.atMost)
        if (criterion.atLeast !== undefined)
          expect.soft(figure, what).toBeGreaterThanOrEqual(criterion.atLeast)
      }
    },
  }
}

function describe({ atMost, atLeast, unit }: Criterion): string {
  if (atMost === 0) return 'must be 0'
  const parts = []
  if (atLeast !== undefined) parts.push(`≥ ${format(atLeast, unit)}`)
  if (atMost !== undefined) parts.push(`≤ ${format(atMost, unit)}`)
  return parts.join(', ')
}

/** With as many digits as say something. */
function format(figure: number, unit = ''): string {
  const rounded = Number.isInteger(figure) ? figure : Number(figure.toPrecision(3))
  return `${rounded.toLocaleString('en')}${unit && ` ${unit}`}`
}

/** The value that this share of the values does not exceed, as in 0.99. */
export function findPercentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
}

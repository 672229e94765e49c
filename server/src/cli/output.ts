/** A failure that the user of the command line can fix; its message says how. */
export class CommandError extends Error {
  /** 1: the command failed; 2: it was used wrongly. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/** Where the results of a command go. */
export interface Output {
  /** One result: `text` for people, or `value` as JSON with `--json`. */
  result(value: unknown, text: string): void
}

/** Creates the output of one command run. */
export function createOutput(write: (line: string) => void, isJson: boolean): Output {
  return { result: (value, text) => write(isJson ? JSON.stringify(value) : text) }
}

/** Control characters, line separators and characters that change the writing direction. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu

/** Escapes a line for the terminal, so that foreign text can neither move the cursor nor break the line. */
export function toPrintable(line: string): string {
  return line.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Formats rows as a table; `none` if there are no rows. */
export function formatTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  none: string,
): string {
  if (rows.length === 0) return none
  const all = [columns, ...rows].map((row) => row.map(toPrintable))
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Formats an instant for people, in UTC. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')
}

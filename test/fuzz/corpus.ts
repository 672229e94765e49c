import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Path of a target's corpus: inputs that were picked by hand, and every input that ever failed. */
export const corpusPath = (name: string) => join(import.meta.dirname, 'corpus', `${name}.json`)

/** Reads the corpus of a target; it is empty for a target without one. */
export function readCorpus(name: string): readonly unknown[] {
  const path = corpusPath(name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
}

/** Adds an input to the corpus of a target, unless it is there. */
export function keepInput(name: string, input: unknown): void {
  const lines = [...readCorpus(name), input].map(toLine)
  writeFileSync(corpusPath(name), `[\n${[...new Set(lines)].join(',\n')}\n]\n`)
}

/** One input on one line, in ASCII: editors would change invisible characters or hide them. */
function toLine(input: unknown): string {
  const json = JSON.stringify(input).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `  ${json}`
}

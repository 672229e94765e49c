import type { Command } from 'commander'
import { MAX_PAGE } from '../admin/page.ts'
import { CommandError } from './output.ts'

/** The option of every command that lists one page. */
export interface PageOptions {
  readonly limit: string
}

/** Adds `--limit`. @param what What the list holds, as in "tokens". */
export function addLimitOption(command: Command, what: string, byDefault: number): Command {
  return command.option(
    '--limit <count>',
    `number of ${what}, from 1 to ${MAX_PAGE}`,
    String(byDefault),
  )
}

/** Reads `--limit`. @throws {@link CommandError} */
export function parseLimit({ limit }: PageOptions): number {
  const count = /^\d{1,4}$/.test(limit) ? Number(limit) : 0
  if (count >= 1 && count <= MAX_PAGE) return count
  throw new CommandError(
    `--limit must be a whole number from 1 to ${MAX_PAGE} (given: "${limit}").`,
    2,
  )
}

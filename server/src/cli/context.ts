import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { BUSY_TIMEOUT, openStore, type Store } from '../store/open.ts'
import { CommandError, createOutput, type Output } from './output.ts'

/** The surroundings of a command; the process edge gives the real ones. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  readonly readInput: () => Promise<string>
  readonly now: () => number
}

/** Adds the options that every command on a data folder has. */
export function addDataOptions(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder (TILEPASS_DATA; default ./data)')
    .option('--json', 'print JSON, for machines')
}

/** What commands get from the options of {@link addDataOptions}. */
export interface DataOptions {
  readonly data?: string
  readonly json?: boolean
}

/**
 * Runs something on the store of the data folder, which the server may have open as well, and closes
 * it again.
 *
 * @param isNew May this be the folder's first run? Else a missing one is an error, so that a
 *   mistyped path does not look like an empty registry.
 */
export async function withStore<T>(
  surroundings: Surroundings,
  options: DataOptions,
  isNew: boolean,
  run: (store: Store, output: Output) => Promise<T>,
): Promise<T> {
  const folder = options.data ?? (surroundings.env.TILEPASS_DATA || './data')
  if (!isNew && !existsSync(join(folder, 'tilepass.db')))
    throw new CommandError(
      `There is no data in "${folder}". Name the folder with --data or TILEPASS_DATA, or start the server once.`,
    )
  const store = await openStore(folder, BUSY_TIMEOUT.cli)
  try {
    return await run(
      store,
      createOutput((line) => surroundings.writeOut(`${line}\n`), options.json === true),
    )
  } finally {
    await store.close()
  }
}

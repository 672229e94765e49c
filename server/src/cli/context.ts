import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { describeDatabase, locateStore } from '../config/locate-store.ts'
import type { Config } from '../config/schema.ts'
import { readSealingKeys } from '../config/sealing-keys.ts'
import { formatCommand } from '../settings/format-command.ts'
import { StoreMissingError } from '../store/errors.ts'
import { openStore, PATIENCE, type Store, type StoreLocation } from '../store/open.ts'
import { settleSealing } from '../store/settle-sealing.ts'
import { CommandError, createOutput, type Output } from './output.ts'

/** The surroundings of a command; the process edge gives the real ones. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  readonly readInput: () => Promise<string>
  /** Asks a question in a terminal and resolves to the answer; absent outside of one. */
  readonly ask?: (question: string) => Promise<string>
  /** Epoch ms. */
  readonly now: () => number
}

/** A server that runs until a signal ends it. */
export interface RunningServer {
  /** Reads the settings again; what is wrong with them goes to the log. */
  reload(): Promise<void>
  close(): Promise<void>
}

/** What the help of a command says. */
export interface CommandHelp {
  readonly description: string
  /** Command lines without `tilepass`. */
  readonly examples: readonly string[]
}

/** The options that every command on a data folder has. */
export interface DataOptions {
  readonly data?: string
  readonly config?: string
  readonly json?: boolean
}

/** Adds a command with its help. */
export function addCommand(
  parent: Command,
  name: string,
  { description, examples }: CommandHelp,
): Command {
  const lines = examples.map((example) => `  tilepass ${example}`).join('\n')
  const title = examples.length === 1 ? 'Example' : 'Examples'
  return parent.command(name).description(description).addHelpText('after', `\n${title}:\n${lines}`)
}

/** Adds a command that works on a data folder. */
export function addDataCommand(parent: Command, name: string, help: CommandHelp): Command {
  return addCommand(parent, name, help)
    .option('--data <folder>', 'data folder (TILEPASS_DATA; default ./data)')
    .option(
      '--config <file>',
      'settings of the server, which name its data folder or database (TILEPASS_CONFIG)',
    )
    .option('--json', 'print JSON, for programs')
}

/** A command line to run next, on the same data folder: for messages that say what to do. */
export type Hint = (command: string, ...values: readonly string[]) => string

/** What a command on a data folder works with. */
export interface DataContext {
  readonly store: Store
  readonly output: Output
  /** The settings that a server with the same options and environment has. */
  readonly settings: Config
  readonly hint: Hint
}

/**
 * Loads the settings that a server with the same options and environment has.
 *
 * @param flags Further options that are settings.
 * @throws `ConfigError`
 */
export function loadSettings(
  { env }: Pick<Surroundings, 'env'>,
  { config, data }: Pick<DataOptions, 'config' | 'data'>,
  flags: Readonly<Record<string, string | undefined>> = {},
): Config {
  const file = config ?? (env.TILEPASS_CONFIG || undefined)
  return loadConfig({ flags: { ...flags, data }, env, file })
}

/**
 * Runs something on the store of a data folder, and closes it again. A server may have it open at the
 * same time.
 *
 * @param mayCreate May this be the first run on the folder? Otherwise a missing folder is an error, so
 *   that a mistyped path does not look like an empty registry.
 * @param settle Checks that the secrets of the store open.
 */
export async function withStore<T>(
  surroundings: Surroundings,
  options: DataOptions & { readonly issuer?: string },
  mayCreate: boolean,
  run: (context: DataContext) => Promise<T>,
  settle: (store: Store, settings: Config) => Promise<unknown> = async (store, { secretKey }) => {
    const keys = await readSealingKeys(secretKey, surroundings.env)
    return settleSealing(store, { keys, mayBegin: false, now: surroundings.now() })
  },
): Promise<T> {
  const settings = loadSettings(surroundings, options, { issuer: options.issuer })
  const store = await openLocation(await locateStore(settings, surroundings.env), mayCreate)
  try {
    if (store.migrationBackup !== undefined)
      surroundings.writeError(`${describeMigration(store.migrationBackup)}\n`)
    await settle(store, settings)
    return await run({
      store,
      output: createOutput((line) => surroundings.writeOut(`${line}\n`), options.json === true),
      settings,
      hint: (command, ...values) => formatCommand(command, values, settings),
    })
  } finally {
    await store.close()
  }
}

function describeMigration(backup: string): string {
  return `The data folder was brought up to date. A copy of it as it was before: ${backup}`
}

/** Opens the store of a command. @throws {@link CommandError} if there is none, and it may not be created. */
export async function openLocation(location: StoreLocation, mayCreate: boolean): Promise<Store> {
  const { data, databaseUrl } = location
  if (databaseUrl === undefined && !mayCreate && !existsSync(join(data, 'tilepass.db')))
    throw new CommandError(
      `There is no tilepass.db in "${data}". Name the data folder with --data, --config or TILEPASS_DATA, or a database with TILEPASS_DATABASE_URL, as for the server; "tilepass serve" creates one.`,
    )
  try {
    return await openStore(location, { patience: PATIENCE.cli, mustExist: !mayCreate })
  } catch (error) {
    if (!(error instanceof StoreMissingError)) throw error
    throw new CommandError(
      `There are no tables of Tilepass in ${describeDatabase(databaseUrl ?? '')}. Name the database with TILEPASS_DATABASE_URL or --config; "tilepass serve" creates the tables.`,
    )
  }
}

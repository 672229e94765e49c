import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config/schema.ts'
import { formatCommand } from '../settings/format-command.ts'
import { backUpSqlite } from '../store/copy-sqlite.ts'
import { PATIENCE } from '../store/open.ts'
import { RestoreError, type RestoreFault, restoreSqlite } from '../store/restore-sqlite.ts'
import { addConfirmOption, type ConfirmOptions, confirm } from './confirm.ts'
import { addDataCommand, type DataOptions, loadSettings, type Surroundings } from './context.ts'
import { CommandError, createOutput } from './output.ts'
import { addStoreCopyCommand } from './store-copy-command.ts'

const FAULTS: Readonly<Record<RestoreFault, string>> = {
  missing: 'There is no such file.',
  'not a backup': 'It is not a database of Tilepass, or it is damaged.',
  'has a journal':
    'A journal (-wal) lies beside it, so it is a database in use, not a backup: make one with "tilepass store backup".',
  newer: 'A newer version of Tilepass has written it: restore it with that version.',
  'in use':
    'A server or a command uses the data folder. Stop every server on it, then run this command again.',
}

/** Adds `store backup`, `store restore` and `store copy`. */
export function addStoreCommands(program: Command, surroundings: Surroundings): void {
  const store = program
    .command('store')
    .description('Back up, restore and copy the data of the broker')

  addDataCommand(store, 'backup', {
    description: 'Copy the database into a new file while the server runs, and check the copy',
    examples: ['store backup backup/tilepass.db'],
  })
    .argument('<file>', 'a file that does not exist yet')
    .action((file: string, options: DataOptions) => backUp(file, options, surroundings))

  const restore = addDataCommand(store, 'restore', {
    description: 'Put a backup in the place of the database. Stop the server first',
    examples: ['store restore backup/tilepass.db'],
  }).argument('<file>', 'a backup of "store backup", or one that an upgrade has left')
  addConfirmOption(restore).action((file: string, options: DataOptions & ConfirmOptions) =>
    putBack(file, options, surroundings),
  )

  addStoreCopyCommand(store, surroundings)
}

/** @throws {@link CommandError} if the data is in PostgreSQL, which has its own tools for this. */
function assertSqlite({ databaseUrl }: Config): void {
  if (databaseUrl === undefined) return
  throw new CommandError(
    'The data is in PostgreSQL: use pg_dump and pg_restore, as docs/operate/backup-restore-upgrade.md shows.',
  )
}

/** Without opening the store as others do, which brings its schema up to date and needs its keys. */
async function backUp(
  file: string,
  options: DataOptions,
  surroundings: Surroundings,
): Promise<void> {
  const settings = loadSettings(surroundings, options)
  assertSqlite(settings)
  const { data } = settings
  const database = join(data, 'tilepass.db')
  if (!existsSync(database))
    throw new CommandError(
      `There is no tilepass.db in "${data}". Name the data folder with --data, --config or TILEPASS_DATA.`,
    )
  try {
    const { bytes } = await backUpSqlite(database, resolve(file), PATIENCE.cli)
    getOutput(options, surroundings).result(
      { file: resolve(file), bytes },
      `Wrote ${file} (${bytes} bytes). It is complete and sound.`,
    )
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'code')
    if (code === 'EEXIST')
      throw new CommandError(`"${file}" exists already. Name a file that does not exist.`)
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new CommandError(`"${file}" cannot be written: its folder does not exist.`)
    throw error
  }
}

async function putBack(
  file: string,
  options: DataOptions & ConfirmOptions,
  surroundings: Surroundings,
): Promise<void> {
  const settings = loadSettings(surroundings, options)
  assertSqlite(settings)
  const { data } = settings
  await confirm(
    surroundings,
    options,
    `What happened in "${data}" since the backup is undone: tokens that were revoked since then are valid again.`,
  )
  try {
    const { replaced, version } = await restoreSqlite(resolve(file), data, surroundings.now())
    const lines = [
      `Restored ${file} in "${data}".`,
      ...(replaced === undefined ? [] : [`The database until now: ${replaced}`]),
      'Tokens that were revoked after the backup are valid again: revoke them again before the server starts.',
      `Check it with: ${formatCommand('doctor', [], settings)} (a newer version than that of the backup brings its schema up to date, and keeps a copy)`,
    ]
    getOutput(options, surroundings).result(
      { restored: resolve(file), replaced: replaced ?? null, schema: version },
      lines.join('\n'),
    )
  } catch (error) {
    if (!(error instanceof RestoreError)) throw error
    throw new CommandError(`"${file}" was not restored. ${FAULTS[error.fault]}`)
  }
}

function getOutput({ json }: DataOptions, { writeOut }: Surroundings) {
  return createOutput((line) => writeOut(`${line}\n`), json === true)
}

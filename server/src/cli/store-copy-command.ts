import type { Command } from 'commander'
import { describeDatabase, isDatabaseUrl } from '../config/locate-store.ts'
import { copyStore, StoreInUseError } from '../store/copy.ts'
import { StoreUnavailableError } from '../store/errors.ts'
import { countOtherConnections, isFolderInUse } from '../store/in-use.ts'
import type { Store, StoreLocation } from '../store/open.ts'
import { countSealed, listStoredSecrets } from '../store/sealed-columns.ts'
import { addCommand, openLocation, type Surroundings } from './context.ts'
import { describeDatabaseFailure } from './describe-database-failure.ts'
import { CommandError, createOutput } from './output.ts'

interface CopyOptions {
  readonly from?: string
  readonly to?: string
  readonly json?: boolean
}

/** Adds `copy` to the commands of the store. */
export function addStoreCopyCommand(store: Command, surroundings: Surroundings): void {
  addCommand(store, 'copy', {
    description: 'Copy everything to an empty data folder or database',
    examples: [
      'store copy --from ./data',
      'store copy --to ./data',
      'store copy --from ./data --to postgres://tilepass@db.example/tilepass',
    ],
  })
    .option(
      '--from <store>',
      'data folder, or URL of a PostgreSQL database without its password (TILEPASS_DATABASE_URL)',
    )
    .option(
      '--to <store>',
      'the same, of a store that has nothing in it yet (TILEPASS_DATABASE_URL)',
    )
    .option('--json', 'print JSON, for programs')
    .action((options: CopyOptions) => copy(options, surroundings))
}

async function copy(
  { from, to, json }: CopyOptions,
  { env, writeOut, writeError }: Surroundings,
): Promise<void> {
  const fromEnv = env.TILEPASS_DATABASE_URL || undefined
  if (from === undefined && to === undefined)
    throw new CommandError(
      '--from or --to must name a store; TILEPASS_DATABASE_URL the other one.',
      2,
    )
  if ([from, to].some(hasPassword))
    writeError(
      'Others on this machine can read the password in the command line: name the database by TILEPASS_DATABASE_URL, or leave the password out and set PGPASSWORD.\n',
    )
  const output = createOutput((line) => writeOut(`${line}\n`), json === true)
  const [source, target] = [
    parseStore('--from', from ?? fromEnv),
    parseStore('--to', to ?? fromEnv),
  ]
  if (source.databaseUrl === undefined && (await isFolderInUse(source.data)))
    throw new CommandError(
      `A server or a command uses ${describeStore(source)}, and what it learns during the copy would be lost; nothing was copied. Stop every server on it, then run this command again.`,
    )
  await withOpen(source, false, async (opened) => {
    if (target.databaseUrl !== undefined) await assertSealed(opened, describeStore(source))
    await withOpen(target, true, async (empty) => {
      const copied = await copyStore(opened, empty).catch((error: unknown) => {
        if (!(error instanceof StoreInUseError)) throw error
        throw new CommandError(
          `${describeStore(target)} is in use: it has rows in "${error.table}", and nothing was copied. Name a folder or a database that has nothing in it yet.`,
        )
      })
      // After the copy: what has just disconnected is gone by now.
      const others = opened.kind === 'postgres' ? await countOtherConnections(opened) : 0
      if (others > 0)
        writeError(
          `Warning: ${describeStore(source)} has other connections of Tilepass (${others}). What servers learn from here on is not in the copy: stop them, and copy again to an empty store.\n`,
        )
      const rows = Object.values(copied).reduce((sum, count) => sum + count, 0)
      const text = `Copied ${rows} rows from ${describeStore(source)} to ${describeStore(target)}. Start the servers on the copy now: what the earlier store learns from here on is not in it.`
      output.result({ rows: copied }, text)
    })
  })
}

/** A database keeps what it was given in its log and its backups, so that sealing there comes too late. */
async function assertSealed(source: Store, name: string): Promise<void> {
  if (countSealed(await listStoredSecrets(source)).plain === 0) return
  throw new CommandError(
    `The keys in ${name} are not sealed, as they must be in PostgreSQL; nothing was copied. Start a server on it once with TILEPASS_SECRET_KEY or TILEPASS_SECRET_KEY_FILE, stop it, and copy again. The servers on the copy need the same secret key.`,
  )
}

async function withOpen<T>(
  location: StoreLocation,
  mayCreate: boolean,
  run: (store: Store) => Promise<T>,
): Promise<T> {
  let store: Store | undefined
  try {
    store = await openLocation(location, mayCreate)
    return await run(store)
  } catch (error) {
    // The other one may have failed as well: each says which it is.
    if (!(error instanceof StoreUnavailableError) || store) throw error
    throw new CommandError(
      `${describeStore(location)} cannot be used: ${describeDatabaseFailure(error)}.`,
    )
  } finally {
    await store?.close()
  }
}

function hasPassword(store: string | undefined): boolean {
  return store !== undefined && isDatabaseUrl(store) && new URL(store).password !== ''
}

function parseStore(option: string, text = ''): StoreLocation {
  if (isDatabaseUrl(text)) return { data: '', databaseUrl: text }
  // It may hold a password, so it is not quoted.
  if (text === '' || /^\w+:\/\//.test(text))
    throw new CommandError(
      `${option} must be a data folder, or a URL such as postgres://user@host/database; without it, TILEPASS_DATABASE_URL is.`,
      2,
    )
  return { data: text }
}

function describeStore({ data, databaseUrl }: StoreLocation): string {
  return databaseUrl === undefined ? data : describeDatabase(databaseUrl)
}

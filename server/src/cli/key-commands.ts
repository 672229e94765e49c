import type { Command } from 'commander'
import { listSigningKeys } from '../issuer/signing-keys.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { formatTable, formatTime } from './output.ts'

/** Adds `key list`. */
export function addKeyCommands(program: Command, surroundings: Surroundings): void {
  const key = program.command('key').description('signing keys')
  addDataOptions(key.command('list'))
    .description('List signing keys, the newest first; never their secrets')
    .addHelpText('after', '\nExample:\n  tilepass key list --json')
    .action((options: DataOptions) =>
      withStore(surroundings, options, false, async (store, output) => {
        const keys = await listSigningKeys(store, surroundings.now())
        const rows = keys.map(({ kid, algorithm, created_at }) => [
          kid,
          algorithm,
          formatTime(created_at),
        ])
        const value = keys.map(({ kid, algorithm, created_at }) => ({
          kid,
          algorithm,
          created: new Date(created_at).toISOString(),
        }))
        output.result(value, formatTable(['KID', 'ALGORITHM', 'CREATED'], rows, 'No keys yet.'))
      }),
    )
}

import type { Command } from 'commander'
import { toKeyWire } from '../admin/wire.ts'
import { administer } from './administer.ts'
import { addDataOptions, type DataOptions, type Surroundings } from './context.ts'
import { formatTable, formatTime } from './output.ts'

/** Adds `key list` and `key rotate`. */
export function addKeyCommands(program: Command, surroundings: Surroundings): void {
  const key = program.command('key').description('signing keys')

  addDataOptions(key.command('list'))
    .description('List signing keys, the newest first; never their secrets')
    .addHelpText('after', '\nExample:\n  tilepass key list --json')
    .action((options: DataOptions) =>
      administer(surroundings, options, {}, async (admin, output) => {
        const keys = await admin.listKeys()
        const rows = keys.map(({ kid, algorithm, state, created_at, signs_from }) => [
          kid,
          algorithm,
          state,
          formatTime(created_at),
          formatTime(signs_from),
        ])
        const columns = ['KID', 'ALGORITHM', 'STATE', 'CREATED', 'SIGNS FROM']
        output.result(keys.map(toKeyWire), formatTable(columns, rows, 'No keys yet.'))
      }),
    )

  addDataOptions(key.command('rotate'))
    .description(
      'Add a key that signs in an hour, when verifiers know it; the old one verifies until its last token ends',
    )
    .addHelpText('after', '\nExample:\n  tilepass key rotate')
    .action((options: DataOptions) => {
      const remedies = {
        conflict:
          'There are too many keys already; an old one leaves when its last token has ended, a year after it signed last.',
      }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        const added = await admin.rotateKeys()
        const from = formatTime(added.signs_from)
        output.result(toKeyWire(added), `Added ${added.kid}, which signs from ${from} UTC.`)
      })
    })
}

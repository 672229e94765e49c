import type { Command } from 'commander'
import { toKeyJson } from '../admin/json.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Surroundings } from './context.ts'
import { formatTable, formatTime } from './output.ts'

/** Adds `key list` and `key rotate`. */
export function addKeyCommands(program: Command, surroundings: Surroundings): void {
  const key = program.command('key').description('Manage the keys that sign tokens')

  addDataCommand(key, 'list', {
    description: 'List signing keys without their secrets, the newest first',
    examples: ['key list --json'],
  }).action((options: DataOptions) =>
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
      output.result(keys.map(toKeyJson), formatTable(columns, rows, 'No keys yet.'))
    }),
  )

  addDataCommand(key, 'rotate', {
    description:
      'Add a signing key. It signs in an hour, when every verifier knows it; the old key verifies until its last token expires',
    examples: ['key rotate'],
  }).action((options: DataOptions) => {
    const remedies = {
      conflict:
        'There are too many signing keys. Rotate again later: an old key is removed a year after its last signature, when its last token has expired.',
    }
    return administer(surroundings, options, { remedies }, async (admin, output) => {
      const added = await admin.rotateKeys()
      const from = formatTime(added.signs_from)
      output.result(toKeyJson(added), `Added ${added.kid}, which signs from ${from} UTC.`)
    })
  })
}

import type { Command } from 'commander'
import { toAuditWire } from '../admin/wire.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Surroundings } from './context.ts'
import { CommandError, formatTable, formatTime } from './output.ts'

const MAX_LIMIT = 1000

interface AuditOptions extends DataOptions {
  readonly limit: string
}

/** Adds `audit`. */
export function addAuditCommand(program: Command, surroundings: Surroundings): void {
  addDataCommand(program, 'audit', {
    description: 'Show who changed what, the newest first',
    examples: ['audit --limit 20 --json'],
  })
    .option('--limit <count>', `number of entries, from 1 to ${MAX_LIMIT}`, '100')
    .action((options: AuditOptions) => {
      const limit = /^\d{1,4}$/.test(options.limit) ? Number(options.limit) : 0
      if (limit < 1 || limit > MAX_LIMIT)
        throw new CommandError(
          `--limit must be a whole number from 1 to ${MAX_LIMIT} (given: "${options.limit}").`,
          2,
        )
      return administer(surroundings, options, {}, async (admin, output) => {
        const entries = await admin.listAudit({ limit })
        const rows = entries.map(({ at, actor, action, target }) => [
          formatTime(at),
          actor,
          action,
          target,
        ])
        const columns = ['TIME', 'ACTOR', 'ACTION', 'TARGET']
        output.result(entries.map(toAuditWire), formatTable(columns, rows, 'No changes yet.'))
      })
    })
}

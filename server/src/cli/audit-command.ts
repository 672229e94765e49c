import type { Command } from 'commander'
import { findAuditTime, isAuditAction } from '../admin/audit-query.ts'
import { toAuditJson } from '../admin/json.ts'
import type { AuditEntry, AuditQuery } from '../store/audit.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Surroundings } from './context.ts'
import { CommandError, formatTable, formatTime } from './output.ts'
import { addLimitOption, type PageOptions, parseLimit } from './page-options.ts'

interface AuditOptions extends DataOptions, PageOptions {
  readonly since?: string
  readonly actor?: string
  readonly action?: string
}

const COLUMNS = ['TIME', 'ACTOR', 'ACTION', 'TARGET', 'DETAIL', 'COUNT', 'ADDRESS', 'REQUEST']

/** Adds `audit`. */
export function addAuditCommand(program: Command, surroundings: Surroundings): void {
  const audit = addDataCommand(program, 'audit', {
    description: 'Show who did what: changes, sign-ins and refusals, the newest first',
    examples: ['audit --limit 20 --json', 'audit --since 24h --action session.fail'],
  })
  addLimitOption(audit, 'entries', 100)
    .option(
      '--since <time>',
      'only from then on: 2026-01-31T08:00Z, 2026-01-31 (UTC), 30m, 24h, 7d',
    )
    .option('--actor <id>', 'only of this token, of "usr_NAME", "cli", "broker" or "anonymous"')
    .option('--action <action>', 'only this action, as in token.create; "token" for all of them')
    .action((options: AuditOptions) => {
      const query = parseQuery(options, surroundings.now())
      return administer(surroundings, options, {}, async ({ admin, output }) => {
        const entries = await admin.listAudit(query)
        const { since, actor, action } = query
        const isFiltered = [since, actor, action].some((filter) => filter !== undefined)
        const none = isFiltered ? 'No entries match.' : 'No entries yet.'
        output.result(entries.map(toAuditJson), formatTable(COLUMNS, entries.map(toCells), none))
      })
    })
}

/** @throws {@link CommandError} */
function parseQuery(options: AuditOptions, now: number): AuditQuery {
  const limit = parseLimit(options)
  const { since, actor, action } = options
  const sinceTime = since === undefined ? undefined : findAuditTime(since, now)
  if (since !== undefined && sinceTime === undefined)
    throw new CommandError(
      `--since must be a time with its zone, such as 2026-01-31T08:00Z, a date, or an age such as 30m, 24h or 7d (given: "${since}").`,
      2,
    )
  if (actor === '')
    throw new CommandError(
      '--actor must be the id of a token, "usr_" and the name of an account, "cli", "broker" or "anonymous" (given: "").',
      2,
    )
  if (action !== undefined && !isAuditAction(action))
    throw new CommandError(
      `--action must be an action such as token.create, or its first word (given: "${action}"). The column ACTION of "tilepass audit" shows them.`,
      2,
    )
  return { limit, since: sinceTime, actor, action }
}

function toCells({ at, actor, action, target, detail, count, sender }: AuditEntry): string[] {
  const { address = '', requestId = '' } = sender ?? {}
  return [formatTime(at), actor, action, target, detail, String(count), address, requestId]
}

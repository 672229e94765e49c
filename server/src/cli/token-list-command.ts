import type { Command } from 'commander'
import { toTokenJson } from '../admin/json.ts'
import { MAX_PAGE } from '../admin/page.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { addLimitOption, type PageOptions, parseLimit } from './page-options.ts'
import { describeUnknownToken } from './remedies.ts'
import { formatTokens } from './token-table.ts'

interface ListOptions extends DataOptions, PageOptions {
  readonly before?: string
}

/** Adds `token list`. */
export function addTokenListCommand(token: Command, surroundings: Surroundings): void {
  const list = addDataCommand(token, 'list', {
    description: 'List API tokens without their strings, the newest first',
    examples: ['token list --json', 'token list --limit 20'],
  }).option('--before <id>', 'only tokens that are older than this one')
  addLimitOption(list, 'tokens', MAX_PAGE).action((options: ListOptions) => {
    const { before } = options
    const query = { before, limit: parseLimit(options) }
    const findRemedies = (hint: Hint) => ({
      invalid_request: describeUnknownToken(before ?? '', hint),
    })
    return administer(surroundings, options, { findRemedies }, async ({ admin, output }) => {
      const { rows, end } = await admin.listTokens(query)
      output.result(rows.map(toTokenJson), formatTokens(rows, surroundings.now()))
      if (end) surroundings.writeError(`There are more tokens. The next ones: --before ${end.id}\n`)
    })
  })
}

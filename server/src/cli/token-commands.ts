import type { Command } from 'commander'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { describeReach } from './reach.ts'
import { describeUnknownToken } from './remedies.ts'
import { addTokenCreateCommand } from './token-create-command.ts'
import { addTokenListCommand } from './token-list-command.ts'

const EXAMPLE_ID = 'tok_0123456789abcdef0123456789abcdef'

/** Adds `token create`, `token list`, `token revoke` and `token expire`. */
export function addTokenCommands(program: Command, surroundings: Surroundings): void {
  const token = program
    .command('token')
    .description('Manage API tokens: long-lived credentials of servers')

  addTokenCreateCommand(token, surroundings)

  addTokenListCommand(token, surroundings)

  addDataCommand(token, 'revoke', {
    description: 'Revoke an API token; running servers refuse it within a second',
    examples: [`token revoke ${EXAMPLE_ID}`],
  })
    .argument('<id>', 'id as shown by "token list"')
    .action((id: string, options: DataOptions) => {
      const findRemedies = (hint: Hint) => ({ not_found: describeUnknownToken(id, hint) })
      return administer(
        surroundings,
        options,
        { findRemedies },
        async ({ admin, output, settings }) => {
          await admin.revokeToken(id)
          const text = `Revoked ${id}, with the tokens that came from it.`
          const reach = describeReach({ endsApiTokens: true }, settings)
          output.result({ id, revoked: true }, `${text}\n${reach}`)
        },
      )
    })

  addDataCommand(token, 'expire', {
    description: 'End every token that came from it so far; the API token itself stays valid',
    examples: [`token expire ${EXAMPLE_ID}`],
  })
    .argument('<id>', 'id as shown by "token list"')
    .action((id: string, options: DataOptions) => {
      const findRemedies = (hint: Hint) => ({ not_found: describeUnknownToken(id, hint) })
      return administer(
        surroundings,
        options,
        { findRemedies },
        async ({ admin, output, settings }) => {
          await admin.expireToken(id)
          const text = `Expired the access tokens, temporary Mapbox tokens and download tokens that came from ${id}. It stays valid.`
          const reach = describeReach({ endsApiTokens: false }, settings)
          output.result({ id, expired: true }, `${text}\n${reach}`)
        },
      )
    })
}

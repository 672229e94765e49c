import type { Command } from 'commander'
import { isAccountName, isEmail } from '../admin/rules.ts'
import { toAccountWire } from '../admin/wire.ts'
import { administer } from './administer.ts'
import { addDataOptions, type DataOptions, type Surroundings } from './context.ts'
import { CommandError, formatTable } from './output.ts'
import { readPasswordHash } from './password.ts'
import { addSetPasswordCommand } from './set-password-command.ts'

interface CreateOptions extends DataOptions {
  readonly email?: string
  readonly passwordStdin?: boolean
}

/** Adds `account create`, `account set-password`, `account list`, `account disable` and `account expire`. */
export function addAccountCommands(program: Command, surroundings: Surroundings): void {
  const account = program.command('account').description('accounts: owners of tokens')

  addDataOptions(account.command('create'))
    .description('Create an account')
    .argument('<name>', 'letters, digits, "-", "_" and "."')
    .option('--email <address>', 'address of its owner')
    .option('--password-stdin', 'read a password from standard input')
    .addHelpText(
      'after',
      '\nExamples:\n  tilepass account create city --email maps@city.example\n  tilepass account create city --password-stdin < password.txt',
    )
    .action((name: string, options: CreateOptions) => create(name, options, surroundings))

  addSetPasswordCommand(account, surroundings)

  addDataOptions(account.command('list'))
    .description('List accounts by name')
    .addHelpText('after', '\nExample:\n  tilepass account list --json')
    .action((options: DataOptions) =>
      administer(surroundings, options, {}, async (admin, output) => {
        const accounts = await admin.listAccounts()
        const rows = accounts.map(({ name, orgId, email = '', disabledAt }) => {
          return [name, orgId, disabledAt === undefined ? 'active' : 'disabled', email]
        })
        const columns = ['NAME', 'ORGANISATION', 'STATE', 'EMAIL']
        output.result(accounts.map(toAccountWire), formatTable(columns, rows, 'No accounts yet.'))
      }),
    )

  addDataOptions(account.command('disable'))
    .description('Disable an account for good; running servers refuse its tokens within a second')
    .argument('<name>', 'name as "account list" shows it')
    .addHelpText('after', '\nExample:\n  tilepass account disable city')
    .action((name: string, options: DataOptions) => {
      const remedies = { not_found: unknownAccount(name) }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.disableAccount(name)
        output.result({ name, disabled: true }, `Disabled ${name}.`)
      })
    })

  addDataOptions(account.command('expire'))
    .description('End every access token and session issued so far; API tokens stay good')
    .argument('<name>', 'name as "account list" shows it')
    .addHelpText('after', '\nExample:\n  tilepass account expire city')
    .action((name: string, options: DataOptions) => {
      const remedies = { not_found: unknownAccount(name) }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.expireAccount(name)
        output.result({ name, expired: true }, `Expired what was issued for ${name}.`)
      })
    })
}

async function create(
  name: string,
  options: CreateOptions,
  surroundings: Surroundings,
): Promise<void> {
  if (!isAccountName(name))
    throw new CommandError(
      `The name must be 1 to 64 letters, digits, "-", "_" or "." (given: "${name}").`,
      2,
    )
  if (options.email !== undefined && !isEmail(options.email))
    throw new CommandError(`--email must be an address (given: "${options.email}").`, 2)
  const passwordHash = options.passwordStdin
    ? await readPasswordHash(await surroundings.readInput())
    : undefined
  const remedies = {
    conflict: `There is an account "${name}" already; "tilepass account list" shows all of them.`,
  }
  await administer(surroundings, options, { isNew: true, remedies }, async (admin, output) => {
    const { orgId } = await admin.createAccount(name, { email: options.email, passwordHash })
    output.result({ name, org_id: orgId }, `Created ${name} (${orgId}).`)
  })
}

function unknownAccount(name: string): string {
  return `There is no account "${name}"; "tilepass account list" shows the names.`
}

import type { Command } from 'commander'
import { toAccountJson } from '../admin/json.ts'
import { isAccountName, isEmail } from '../admin/rules.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Surroundings } from './context.ts'
import { CommandError, formatTable } from './output.ts'
import { readPasswordHash } from './password.ts'
import { describeUnknownAccount } from './remedies.ts'
import { addSetPasswordCommand } from './set-password-command.ts'

interface CreateOptions extends DataOptions {
  readonly email?: string
  readonly passwordStdin?: boolean
}

/** Adds `account create`, `account set-password`, `account list`, `account disable` and `account expire`. */
export function addAccountCommands(program: Command, surroundings: Surroundings): void {
  const account = program.command('account').description('Manage accounts, the owners of tokens')

  addDataCommand(account, 'create', {
    description: 'Create an account',
    examples: [
      'account create city --email maps@city.example',
      'account create city --password-stdin < password.txt',
    ],
  })
    .argument('<name>', 'letters, digits, "-", "_" and "."; at most 64')
    .option('--email <address>', 'email address of the owner')
    .option('--password-stdin', 'read a password from standard input')
    .action((name: string, options: CreateOptions) => create(name, options, surroundings))

  addSetPasswordCommand(account, surroundings)

  addDataCommand(account, 'list', {
    description: 'List accounts by name',
    examples: ['account list --json'],
  }).action((options: DataOptions) =>
    administer(surroundings, options, {}, async (admin, output) => {
      const accounts = await admin.listAccounts()
      const rows = accounts.map(({ name, orgId, email = '', disabledAt }) => {
        return [name, orgId, disabledAt === undefined ? 'active' : 'disabled', email]
      })
      const columns = ['NAME', 'ORGANISATION', 'STATE', 'EMAIL']
      output.result(accounts.map(toAccountJson), formatTable(columns, rows, 'No accounts yet.'))
    }),
  )

  addDataCommand(account, 'disable', {
    description:
      'Disable an account permanently; running servers refuse its tokens within a second',
    examples: ['account disable city'],
  })
    .argument('<name>', 'name as shown by "account list"')
    .action((name: string, options: DataOptions) => {
      const remedies = { not_found: describeUnknownAccount(name) }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.disableAccount(name)
        output.result({ name, disabled: true }, `Disabled ${name}.`)
      })
    })

  addDataCommand(account, 'expire', {
    description: 'End every access token and session issued so far; API tokens stay valid',
    examples: ['account expire city'],
  })
    .argument('<name>', 'name as shown by "account list"')
    .action((name: string, options: DataOptions) => {
      const remedies = { not_found: describeUnknownAccount(name) }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.expireAccount(name)
        output.result({ name, expired: true }, `Expired the access tokens and sessions of ${name}.`)
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
      `The name must be 1 to 64 letters, digits, "-", "_" or ".", and start with a letter or a digit (given: "${name}").`,
      2,
    )
  if (options.email !== undefined && !isEmail(options.email))
    throw new CommandError(
      `--email must be an email address, such as maps@city.example (given: "${options.email}").`,
      2,
    )
  const passwordHash = options.passwordStdin
    ? await readPasswordHash(await surroundings.readInput())
    : undefined
  const remedies = {
    conflict: `The account "${name}" exists already. Choose another name; "tilepass account list" shows the names in use.`,
  }
  await administer(surroundings, options, { mayCreate: true, remedies }, async (admin, output) => {
    const { orgId } = await admin.createAccount(name, { email: options.email, passwordHash })
    output.result({ name, org_id: orgId }, `Created ${name} (${orgId}).`)
  })
}

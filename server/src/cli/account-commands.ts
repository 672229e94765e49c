import type { Command } from 'commander'
import { toAccountJson } from '../admin/json.ts'
import { MAX_PAGE } from '../admin/page.ts'
import { isAccountName, isEmail } from '../admin/rules.ts'
import type { Config } from '../config/schema.ts'
import { namePlace } from '../settings/store-place.ts'
import { NAME_KEPT } from '../store/accounts.ts'
import { administer } from './administer.ts'
import { addConfirmOption, type ConfirmOptions, confirm } from './confirm.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { CommandError, formatTable, formatTime } from './output.ts'
import { addLimitOption, type PageOptions, parseLimit } from './page-options.ts'
import { readPasswordHash } from './password.ts'
import { describeReach } from './reach.ts'
import { describeUnknownAccount } from './remedies.ts'
import { addSetPasswordCommand } from './set-password-command.ts'

interface CreateOptions extends DataOptions {
  readonly email?: string
  readonly passwordStdin?: boolean
}

interface ListOptions extends DataOptions, PageOptions {
  readonly after?: string
}

/** Adds the commands of accounts. */
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

  const list = addDataCommand(account, 'list', {
    description: 'List accounts by name',
    examples: ['account list --json', 'account list --after city --limit 100'],
  }).option('--after <name>', 'only accounts with a name after this one')
  addLimitOption(list, 'accounts', MAX_PAGE).action((options: ListOptions) => {
    const query = { after: options.after, limit: parseLimit(options) }
    return administer(surroundings, options, {}, async ({ admin, output, hint }) => {
      const { rows: accounts, end } = await admin.listAccounts(query)
      const rows = accounts.map(({ name, orgId, email = '', disabledAt }) => {
        return [name, orgId, disabledAt === undefined ? 'active' : 'disabled', email]
      })
      const none = `No accounts yet. Create one with: ${hint('account create NAME')}`
      const columns = ['NAME', 'ORGANISATION', 'STATE', 'EMAIL']
      output.result(accounts.map(toAccountJson), formatTable(columns, rows, none))
      if (end)
        surroundings.writeError(`There are more accounts. The next ones: --after ${end.name}\n`)
    })
  })

  const disable = addDataCommand(account, 'disable', {
    description:
      'Disable an account and end all of its tokens; running servers refuse them within a second',
    examples: ['account disable city'],
  }).argument('<name>', 'name as shown by "account list"')
  addConfirmOption(disable).action(async (name: string, options: DataOptions & ConfirmOptions) => {
    const findRemedies = (hint: Hint) => ({ not_found: describeUnknownAccount(name, hint) })
    await confirm(surroundings, options, `Every token of ${name} will end.`)
    await administer(
      surroundings,
      options,
      { findRemedies },
      async ({ admin, output, settings }) => {
        await admin.disableAccount(name)
        output.result(
          { name, disabled: true },
          `Disabled ${name}. All of its tokens and sessions have ended.\n${describeReach({ endsApiTokens: true, leaves: ['upstream'] }, settings)}`,
        )
      },
    )
  })

  addDataCommand(account, 'enable', {
    description: 'Enable a disabled account; the tokens that it had stay refused',
    examples: ['account enable city'],
  })
    .argument('<name>', 'name as shown by "account list"')
    .action((name: string, options: DataOptions) => {
      const findRemedies = (hint: Hint) => ({
        not_found: describeUnknownAccount(name, hint),
        conflict: `The account "${name}" is not disabled. "${hint('account list')}" shows the state of each.`,
      })
      return administer(
        surroundings,
        options,
        { findRemedies },
        async ({ admin, output, hint }) => {
          await admin.enableAccount(name)
          const text = `Enabled ${name}. Its earlier tokens stay refused; create new ones with: ${hint('token create --scope tiles:read --account', name)}`
          output.result({ name, disabled: false }, text)
        },
      )
    })

  const remove = addDataCommand(account, 'delete', {
    description: 'Delete an account with its tokens and sessions; its usage and audit entries stay',
    examples: ['account delete city', 'account delete city --yes'],
  }).argument('<name>', 'name as shown by "account list"')
  addConfirmOption(remove).action(async (name: string, options: DataOptions & ConfirmOptions) => {
    const findRemedies = (hint: Hint) => ({
      not_found: describeUnknownAccount(name, hint),
      conflict: `The account "${name}" owns datasets. "${hint('dataset list')}" shows them; remove them first with: ${hint('dataset remove NAME')}`,
    })
    await confirm(surroundings, options, `${name} and every token of it will be gone for good.`)
    await administer(
      surroundings,
      options,
      { findRemedies },
      async ({ admin, output, settings }) => {
        const freeAt = await admin.deleteAccount(name)
        const text = `Deleted ${name}. The name can be used again from ${formatTime(freeAt)} UTC, when the last token that names it has expired.\n${describeReach({ endsApiTokens: true, leaves: ['upstream'] }, settings)}`
        output.result({ name, deleted: true, name_free_at: new Date(freeAt).toISOString() }, text)
      },
    )
  })

  addDataCommand(account, 'expire', {
    description: 'End every access token and session issued so far; API tokens stay valid',
    examples: ['account expire city'],
  })
    .argument('<name>', 'name as shown by "account list"')
    .action((name: string, options: DataOptions) => {
      const findRemedies = (hint: Hint) => ({ not_found: describeUnknownAccount(name, hint) })
      return administer(
        surroundings,
        options,
        { findRemedies },
        async ({ admin, output, settings }) => {
          await admin.expireAccount(name)
          const text = `Expired the access tokens and sessions of ${name}, its refresh tokens, temporary Mapbox tokens and download tokens among them.\n${describeReach({ endsApiTokens: false, leaves: ['upstream', 'anonymous'] }, settings)}`
          output.result({ name, expired: true }, text)
        },
      )
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
  const findRemedies = (hint: Hint) => ({
    conflict: `The account "${name}" exists already, or was deleted less than ${Math.round(NAME_KEPT / 60_000)} min ago. Choose another name; "${hint('account list')}" shows the names in use.`,
  })
  await administer(
    surroundings,
    options,
    { mayCreate: true, findRemedies },
    async ({ admin, output, settings, hint }) => {
      const { orgId } = await admin.createAccount(name, { email: options.email, passwordHash })
      const text = `Created ${name} (${orgId}) in ${describePlace(settings)}. Next: name it in a grant ("account": "${name}"). For a token of another server: ${hint('token create --help')}`
      const { data, databaseUrl } = settings
      output.result({ name, org_id: orgId, ...(databaseUrl === undefined ? { data } : {}) }, text)
    },
  )
}

function describePlace(settings: Config): string {
  const place = `the ${namePlace(settings)}`
  return settings.databaseUrl === undefined ? `${place} ${settings.data}` : place
}

import type { Command } from 'commander'
import { createAccount } from '../store/accounts.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError } from './output.ts'
import { readPasswordHash } from './password.ts'

interface CreateOptions extends DataOptions {
  readonly email?: string
  readonly passwordStdin?: boolean
}

/** Adds `account create`. */
export function addAccountCommands(program: Command, surroundings: Surroundings): void {
  const account = program.command('account').description('accounts: owners of tokens')
  addDataOptions(account.command('create'))
    .description('Create an account')
    .argument('<name>', 'letters, digits, "-", "_" and "."')
    .option('--email <address>', 'address of its owner')
    .option('--password-stdin', 'read a password from standard input')
    .addHelpText('after', '\nExample:\n  tilepass account create city --email maps@city.example')
    .action((name: string, options: CreateOptions) => create(name, options, surroundings))
}

async function create(
  name: string,
  options: CreateOptions,
  surroundings: Surroundings,
): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new CommandError(
      `The name must be 1 to 64 letters, digits, "-", "_" or "." (given: "${name}").`,
      2,
    )
  if (options.email !== undefined && !/^[^\s@]+@[^\s@]+$/.test(options.email))
    throw new CommandError(`--email must be an address (given: "${options.email}").`, 2)
  const passwordHash = options.passwordStdin
    ? await readPasswordHash(await surroundings.readInput())
    : undefined
  await withStore(surroundings, options, true, async (store, output) => {
    const details = { email: options.email, passwordHash }
    const account = await createAccount(store, name, surroundings.now(), details)
    if (!account) throw new CommandError(`There is an account "${name}" already.`)
    output.result({ name, org_id: account.orgId }, `Created ${name} (${account.orgId}).`)
  })
}

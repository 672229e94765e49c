import type { Command } from 'commander'
import { administer } from './administer.ts'
import { addDataOptions, type DataOptions, type Surroundings } from './context.ts'
import { readPasswordHash } from './password.ts'

/** Adds `account set-password`. */
export function addSetPasswordCommand(account: Command, surroundings: Surroundings): void {
  addDataOptions(account.command('set-password'))
    .description('Change the password; whoever is signed in must sign in again')
    .argument('<name>', 'name as "account list" shows it')
    .requiredOption('--password-stdin', 'read the password from standard input')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass account set-password city --password-stdin < password.txt',
    )
    .action(async (name: string, options: DataOptions) => {
      const passwordHash = await readPasswordHash(await surroundings.readInput())
      const remedies = {
        not_found: `There is no account "${name}"; "tilepass account list" shows the names.`,
      }
      await administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.setPassword(name, passwordHash)
        output.result({ name, changed: true }, `Changed the password of ${name}.`)
      })
    })
}

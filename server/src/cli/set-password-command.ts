import type { Command } from 'commander'
import { setPassword } from '../store/sign-ins.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError } from './output.ts'
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
      await withStore(surroundings, options, false, async (store, output) => {
        if (!(await setPassword(store, name, passwordHash, surroundings.now())))
          throw new CommandError(
            `There is no account "${name}"; "tilepass account list" shows the names.`,
          )
        output.result({ name, changed: true }, `Changed the password of ${name}.`)
      })
    })
}

import type { Command } from 'commander'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { readPasswordHash } from './password.ts'
import { describeUnknownAccount } from './remedies.ts'

/** Adds `account set-password`. */
export function addSetPasswordCommand(account: Command, surroundings: Surroundings): void {
  addDataCommand(account, 'set-password', {
    description: 'Change the password of an account and end its sessions',
    examples: ['account set-password city --password-stdin < password.txt'],
  })
    .argument('<name>', 'name as shown by "account list"')
    .requiredOption('--password-stdin', 'read the password from standard input')
    .action(async (name: string, options: DataOptions) => {
      const passwordHash = await readPasswordHash(await surroundings.readInput())
      const findRemedies = (hint: Hint) => ({ not_found: describeUnknownAccount(name, hint) })
      await administer(surroundings, options, { findRemedies }, async ({ admin, output }) => {
        await admin.setPassword(name, passwordHash)
        output.result(
          { name, changed: true },
          `Changed the password of ${name}. Its sessions have ended, with the tokens that came from them.`,
        )
      })
    })
}

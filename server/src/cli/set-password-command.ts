import type { Command } from 'commander'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Surroundings } from './context.ts'
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
      const remedies = { not_found: describeUnknownAccount(name) }
      await administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.setPassword(name, passwordHash)
        output.result(
          { name, changed: true },
          `Changed the password of ${name}. Its sessions have ended, with the tokens that came from them.`,
        )
      })
    })
}

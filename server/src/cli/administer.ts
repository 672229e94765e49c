import { type Administration, createAdministration } from '../admin/administration.ts'
import { DisabledAccountError } from '../admin/errors.ts'
import { BrokerError } from '../errors.ts'
import { createMint } from '../issuer/mint.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { settleCommandIssuer } from './command-issuer.ts'
import { type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError, type Output } from './output.ts'
import { describeDisabledOwner, type Remedies } from './remedies.ts'

/** How a command administers. */
export interface AdministerOptions {
  /** May this be the first run on the data folder? Default `false`. */
  readonly mayCreate?: boolean
  readonly remedies?: Remedies
}

/** Runs something as the operator at the terminal, on the data folder that the options name. */
export async function administer(
  surroundings: Surroundings,
  options: DataOptions,
  { mayCreate = false, remedies = {} }: AdministerOptions,
  run: (admin: Administration, output: Output) => Promise<void>,
): Promise<void> {
  const { now, env } = surroundings
  await withStore(surroundings, options, mayCreate, async (store, output) => {
    const getMint = async () => {
      const url = await settleCommandIssuer(store, env)
      return createMint({ url, keys: await loadSigningKeys(store, now()) })
    }
    try {
      await run(createAdministration({ store, actor: 'cli', getMint, now }), output)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      if (error instanceof DisabledAccountError)
        throw new CommandError(describeDisabledOwner(error.account))
      throw new CommandError(remedies[error.code] ?? `${error.message}.`)
    }
  })
}

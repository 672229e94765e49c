import { type Administration, createAdministration } from '../admin/administration.ts'
import { DisabledAccountError } from '../admin/errors.ts'
import { BrokerError } from '../errors.ts'
import { createMint } from '../issuer/mint.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { settleCommandIssuer } from './command-issuer.ts'
import {
  type DataContext,
  type DataOptions,
  type Hint,
  type Surroundings,
  withStore,
} from './context.ts'
import { CommandError } from './output.ts'
import { describeDisabledOwner, type Remedies } from './remedies.ts'

/** How a command administers. */
export interface AdministerOptions {
  /** May this be the first run on the data folder? Default `false`. */
  readonly mayCreate?: boolean
  readonly findRemedies?: (hint: Hint) => Remedies
}

/** What a command that administers works with. */
export interface AdministerContext extends Pick<DataContext, 'output' | 'hint' | 'settings'> {
  readonly admin: Administration
}

/** Runs something as the operator at the terminal, on the data folder that the options name. */
export async function administer(
  surroundings: Surroundings,
  options: DataOptions & { readonly issuer?: string },
  { mayCreate = false, findRemedies }: AdministerOptions,
  run: (context: AdministerContext) => Promise<void>,
): Promise<void> {
  const { now } = surroundings
  await withStore(surroundings, options, mayCreate, async ({ store, output, settings, hint }) => {
    const { algorithm: signingAlgorithm } = settings.signing
    const getMint = async () => {
      const url = await settleCommandIssuer(store, settings)
      return createMint({ url, keys: await loadSigningKeys(store, now(), signingAlgorithm) })
    }
    const admin = createAdministration({ store, actor: 'cli', getMint, signingAlgorithm, now })
    try {
      await run({ admin, output, settings, hint })
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      if (error instanceof DisabledAccountError)
        throw new CommandError(describeDisabledOwner(error.account, hint))
      throw new CommandError(findRemedies?.(hint)[error.code] ?? `${error.message}.`)
    }
  })
}

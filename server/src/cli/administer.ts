import { type Administration, createAdministration } from '../admin/administration.ts'
import { BrokerError } from '../errors.ts'
import { createMint } from '../issuer/mint.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { settleCommandIssuer } from './command-issuer.ts'
import { type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError, type Output } from './output.ts'

/** Says what to do about refusals of the administration, by their code. */
export type Remedies = Readonly<Record<string, string>>

/**
 * Runs something as the operator at the terminal, on the data folder that the options name.
 *
 * @param isNew May this be the folder's first run?
 */
export async function administer(
  surroundings: Surroundings,
  options: DataOptions,
  { isNew = false, remedies = {} }: { readonly isNew?: boolean; readonly remedies?: Remedies },
  run: (admin: Administration, output: Output) => Promise<void>,
): Promise<void> {
  const { now, env } = surroundings
  await withStore(surroundings, options, isNew, async (store, output) => {
    const getMint = async () => {
      const issuer = await settleCommandIssuer(store, env)
      return createMint(await loadSigningKeys(store, now()), issuer)
    }
    try {
      await run(createAdministration({ store, actor: 'cli', getMint, now }), output)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      throw new CommandError(remedies[error.code] ?? `${error.message}.`)
    }
  })
}

import { raiseEpoch } from '../issuer/epochs.ts'
import { findIssuer, replaceIssuer } from '../issuer/identity.ts'
import { listAccounts } from '../store/accounts.ts'
import { listActiveJwtIds, revokeActiveJwts } from '../store/api-tokens.ts'
import { endFamilies } from '../store/login-families.ts'
import { type Operator, revokedBy } from './operator.ts'

/** What operators do with the issuer of a data folder. */
export interface IssuerAdministration {
  /** `undefined` as long as none is known. */
  findIssuer(): Promise<string | undefined>
  /** How many API tokens a new issuer would end; those in the Mapbox format name none. */
  countTokensOfIssuer(): Promise<number>
  /**
   * Replaces the issuer, and ends what the earlier one has issued, so that nothing comes back with it.
   *
   * @returns How many API tokens it has revoked.
   */
  setIssuer(url: string): Promise<number>
}

/** Creates the part of an administration that is about the issuer. */
export function createIssuerAdministration(operator: Operator): IssuerAdministration {
  const { store, now } = operator
  return {
    findIssuer: () => findIssuer(store),
    countTokensOfIssuer: async () => (await listActiveJwtIds(store, now())).length,
    setIssuer: (url) =>
      revokedBy(operator, 'issuer.set', url, async (change) => {
        const at = now()
        await replaceIssuer(change, url)
        const count = await revokeActiveJwts(change, at)
        for (const { name, orgId } of await listAccounts(change)) {
          await raiseEpoch(change, orgId, at)
          await endFamilies(change, name, 'issuer.set', at)
        }
        return count
      }),
  }
}

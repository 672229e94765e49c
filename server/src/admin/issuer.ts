import { findIssuer, replaceIssuer } from '../issuer/identity.ts'
import { countActiveJwts } from '../store/api-tokens.ts'
import { auditedBy, type Operator } from './operator.ts'

/** What operators do with the issuer of a data folder. */
export interface IssuerAdministration {
  /** `undefined` as long as none is known. */
  findIssuer(): Promise<string | undefined>
  /** How many API tokens a new issuer would end; those in the Mapbox format name none. */
  countTokensOfIssuer(): Promise<number>
  /** Replaces the issuer: servers accept no token of the earlier one after their next start. */
  setIssuer(url: string): Promise<void>
}

/** Creates the part of an administration that is about the issuer. */
export function createIssuerAdministration(operator: Operator): IssuerAdministration {
  const { store, now } = operator
  return {
    findIssuer: () => findIssuer(store),
    countTokensOfIssuer: () => countActiveJwts(store, now()),
    setIssuer: (url) =>
      auditedBy(operator, 'issuer.set', url, (change) => replaceIssuer(change, url)),
  }
}

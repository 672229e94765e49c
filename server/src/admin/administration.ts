import { type AuditEntry, type AuditQuery, listAuditEntries } from '../store/audit.ts'
import { type AccountAdministration, createAccountAdministration } from './accounts.ts'
import { createDatasetAdministration, type DatasetAdministration } from './datasets.ts'
import { createIssuerAdministration, type IssuerAdministration } from './issuer.ts'
import { createKeyAdministration, type KeyAdministration } from './keys.ts'
import type { Operator } from './operator.ts'
import { createTokenAdministration, type TokenAdministration } from './tokens.ts'

/** What an operator does to a broker. Every change is audited in the transaction that makes it. */
export interface Administration
  extends AccountAdministration,
    TokenAdministration,
    KeyAdministration,
    DatasetAdministration,
    IssuerAdministration {
  /** The newest first. */
  listAudit(query: AuditQuery): Promise<readonly AuditEntry[]>
}

/** Creates the administration of an operator. */
export function createAdministration(operator: Operator): Administration {
  return {
    ...createAccountAdministration(operator),
    ...createTokenAdministration(operator),
    ...createKeyAdministration(operator),
    ...createDatasetAdministration(operator),
    ...createIssuerAdministration(operator),
    listAudit: (query) => listAuditEntries(operator.store, query),
  }
}

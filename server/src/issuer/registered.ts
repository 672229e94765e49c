import { InvalidTokenError } from '@tilepass/guard'
import type { OwnTokenClaims } from '@tilepass/guard/broker'
import { findActiveAccount } from '../store/accounts.ts'
import { findApiToken } from '../store/api-tokens.ts'
import type { Connection } from '../store/open.ts'
import type { OwnVerifier } from './verify.ts'

/**
 * Restricts a verifier to current tokens of the registry. The registry is read every time, so that no
 * cache stands between these tokens and a revocation; therefore nothing is recalled.
 */
export function createRegisteredVerifier(
  connection: Connection,
  verifier: OwnVerifier,
): OwnVerifier {
  return {
    recall: () => undefined,
    verify: async (token, use) => {
      const claims = await verifier.verify(token, use)
      if (!(await isRegistered(connection, claims)))
        throw new InvalidTokenError('not in the registry')
      return claims
    },
  }
}

/** Is this an API token of the registry that is not revoked, and of an account that may act? */
async function isRegistered(
  connection: Connection,
  { sub, org_id }: OwnTokenClaims,
): Promise<boolean> {
  const row = await findApiToken(connection, sub)
  if (!row || row.revoked_at !== null || row.format !== 'jwt') return false
  const account = await findActiveAccount(connection, row.account)
  return account !== undefined && account.orgId === org_id
}

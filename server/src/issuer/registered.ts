import { InvalidTokenError, type TokenClaims, type Verifier } from '@tilepass/guard'
import { findActiveAccount } from '../store/accounts.ts'
import { findApiToken } from '../store/api-tokens.ts'
import type { Store } from '../store/open.ts'

/**
 * Narrows a verifier to tokens that the registry knows as current. It is read every time: no cache
 * stands between these tokens and a revocation.
 */
export function createRegisteredVerifier(store: Store, verifier: Verifier): Verifier {
  return {
    verify: async (token, use) => {
      const claims = await verifier.verify(token, use)
      if (!(await isRegistered(store, claims))) throw new InvalidTokenError('not in the registry')
      return claims
    },
  }
}

/** Is this an API token of the registry that is not revoked, of an account that may act? */
async function isRegistered(store: Store, { sub, org_id }: TokenClaims): Promise<boolean> {
  const row = await findApiToken(store, sub)
  if (!row || row.revoked_at !== null || row.format !== 'jwt') return false
  const account = await findActiveAccount(store, row.account)
  return account !== undefined && account.orgId === org_id
}

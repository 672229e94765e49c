import { GuardError, type TokenClaims, type Verifier } from '@tilepass/guard'
import { findActiveAccount } from '../../store/accounts.ts'
import { findApiToken, revokeApiToken } from '../../store/api-tokens.ts'
import { addAuditEntry } from '../../store/audit.ts'
import type { Store } from '../../store/open.ts'
import { revokeId } from '../../store/revocations.ts'
import type { Client } from './client.ts'

/** Tokens as their own organisation sees them; any other sees none. */
export interface OrganisationTokens {
  /** Claims of a token that is good now and belongs to the client's organisation. */
  find(client: Client, token: string): Promise<TokenClaims | undefined>
  /** Revokes such a token, audited before it is done; anything else is no error (RFC 7009 §2.2). */
  revoke(client: Client, token: string): Promise<void>
}

/**
 * Creates the view over API tokens and access tokens. The registry is read every time.
 *
 * @param verifier Of tokens of this issuer.
 */
export function createOrganisationTokens(
  store: Store,
  verifier: Verifier,
  now: () => number,
): OrganisationTokens {
  const find = async (client: Client, token: string): Promise<TokenClaims | undefined> => {
    const claims = await verifyQuietly(verifier, token)
    if (!claims || client.orgId === undefined || claims.org_id !== client.orgId) return
    const registered = claims.parent ?? claims.sub
    // A grant's tokens have no row: their parent is the grant.
    if (!registered.startsWith('tok_')) return claims
    const row = await findApiToken(store, registered)
    const isCurrent = row?.format === 'jwt' && row.revoked_at === null
    return isCurrent && (await findActiveAccount(store, row.account)) ? claims : undefined
  }
  return {
    find,
    revoke: async (client, token) => {
      const claims = await find(client, token)
      if (!claims) return
      await addAuditEntry(store, {
        at: now(),
        actor: client.id,
        action: 'token.revoke',
        target: claims.sub,
      })
      if (claims.parent === undefined) await revokeApiToken(store, claims.sub, now())
      else await revokeId(store, claims.sub, claims.exp * 1000, now())
    },
  }
}

async function verifyQuietly(verifier: Verifier, token: string): Promise<TokenClaims | undefined> {
  try {
    // Nothing is opened here, so no restriction is lost.
    return await verifier.verify(token, { keepsTileClaims: true, keepsBinding: true })
  } catch (error) {
    if (error instanceof GuardError && error.status === 401) return
    throw error
  }
}

import { GuardError, type TokenClaims, type Verifier } from '@tilepass/guard'
import { findActiveAccount } from '../store/accounts.ts'
import { findApiToken, revokeApiToken } from '../store/api-tokens.ts'
import { addAuditEntry } from '../store/audit.ts'
import type { Store } from '../store/open.ts'
import { revokeId } from '../store/revocations.ts'

/** An API token that acts as an OAuth client. */
export interface OrganisationClient {
  /** Id of the API token. */
  readonly id: string
  readonly orgId: string | undefined
}

/** The tokens of a client's organisation. Tokens of other organisations count as absent. */
export interface OrganisationTokens {
  /** The claims of a token that is valid now and belongs to the client's organisation. */
  find(client: OrganisationClient, token: string): Promise<TokenClaims | undefined>
  /** Revokes such a token, after an audit entry; any other token is ignored (RFC 7009 §2.2). */
  revoke(client: OrganisationClient, token: string): Promise<void>
}

/**
 * Creates the view over API tokens and access tokens. The registry is read every time.
 *
 * @param verifier Verifies the tokens of this issuer.
 */
export function createOrganisationTokens(
  store: Store,
  verifier: Verifier,
  now: () => number,
): OrganisationTokens {
  const find = async (
    client: OrganisationClient,
    token: string,
  ): Promise<TokenClaims | undefined> => {
    const claims = await verifyQuietly(verifier, token)
    if (!claims || client.orgId === undefined || claims.org_id !== client.orgId) return
    const registered = claims.parent ?? claims.sub
    // The tokens of a grant have no row in the registry: their parent is the grant.
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
    // The token opens nothing here, so its restrictions need not be enforced.
    return await verifier.verify(token, { keepsTileClaims: true, keepsBinding: true })
  } catch (error) {
    if (error instanceof GuardError && error.status === 401) return
    throw error
  }
}

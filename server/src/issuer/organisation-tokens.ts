import type { OwnTokenClaims } from '@tilepass/guard/broker'
import { UnavailableError } from '../errors.ts'
import { toAddressKey } from '../http/address-key.ts'
import type { Sender } from '../http/sender.ts'
import { findActiveAccount } from '../store/accounts.ts'
import { findApiToken, revokeApiToken } from '../store/api-tokens.ts'
import { type AuditedChange, audited, countAuditEntry } from '../store/audit.ts'
import { isListShortEnough, revokeDerived } from '../store/bounded-revocations.ts'
import type { Store } from '../store/open.ts'
import { findClaims, type OwnVerifier } from './verify.ts'

/** An API token that acts as an OAuth client. */
export interface OrganisationClient {
  /** Id of the API token. */
  readonly id: string
  readonly orgId: string | undefined
}

/** The tokens of a client's organisation. Tokens of other organisations count as absent. */
export interface OrganisationTokens {
  /** The claims of a token that is valid now and belongs to the client's organisation. */
  find(client: OrganisationClient, token: string): Promise<OwnTokenClaims | undefined>
  /**
   * Revokes such a token; any other token is ignored (RFC 7009 §2.2). An API token has an audit entry of
   * its own; tokens that came from something are counted per parent, address and minute.
   *
   * @throws `UnavailableError` if too many revocations of API tokens are listed.
   */
  revoke(client: OrganisationClient, token: string, sender: Sender): Promise<void>
}

/**
 * Creates the view over API tokens and access tokens. The registry is read every time.
 *
 * @param verifier Of tokens of this issuer.
 */
export function createOrganisationTokens(
  store: Store,
  verifier: OwnVerifier,
  now: () => number,
): OrganisationTokens {
  const find = async (
    client: OrganisationClient,
    token: string,
  ): Promise<OwnTokenClaims | undefined> => {
    const claims = await findClaims(verifier, token, READ_ONLY)
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
    revoke: async (client, token, sender) => {
      const claims = await find(client, token)
      if (!claims) return
      const { sub, parent, exp } = claims
      const at = now()
      const by = { at, actor: client.id, action: 'token.revoke' }
      if (parent === undefined) {
        return audited(store, { ...by, sender, target: sub }, async (change) => {
          await revokeApiToken(change, sub, at)
          if (!(await isListShortEnough(change, at))) throw new UnavailableError()
        })
      }
      // A client can make and revoke such tokens all day, so they share an entry a minute.
      const address = toAddressKey(sender.address || undefined)
      const entry = { ...by, sender: { ...sender, address }, target: parent }
      const revocation = { id: sub, orgId: client.orgId, expiresAt: exp * 1000 }
      const revoke = (change: AuditedChange) => revokeDerived(change, at, revocation)
      await audited(store, entry, revoke, countAuditEntry)
    },
  }
}

/** The token opens nothing here, so there is no restriction to enforce. */
const READ_ONLY = { enforcesTileClaims: true, enforcesBinding: true }

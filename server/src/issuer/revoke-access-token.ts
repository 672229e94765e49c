import type { AuditedChange } from '../store/audit.ts'
import type { Change } from '../store/changes.ts'
import { countRevocations, findLargestOrganisation } from '../store/revocations.ts'
import { raiseEpoch } from './epochs.ts'

/**
 * How many revoked access tokens are listed, of one organisation and of all. Guards read the list, and
 * one that is too long for them would refuse everybody: the longest that they read holds 90,000.
 */
const MOST_OF_ORGANISATION = 10_000
const MOST_OF_ALL = 50_000

/**
 * Revokes an access token. If too many are listed, an epoch takes the place of those of the organisation
 * that has the most: it ends all its access tokens, which pages renew. That is audited.
 *
 * @param at Epoch ms.
 */
export async function revokeAccessToken(
  change: AuditedChange,
  at: number,
  token: { readonly sub: string; readonly orgId: string | undefined; readonly exp: number },
): Promise<void> {
  const { sub, orgId, exp } = token
  await change.revoke(sub, { at, expiresAt: exp * 1000, orgId })
  const full = await findFullOrganisation(change, at, orgId)
  if (full === undefined) return
  await raiseEpoch(change, full, at)
  await change.forgetAccessTokens(full)
  await change.audit({ action: 'organisation.expire', target: full })
}

async function findFullOrganisation(
  change: Change,
  now: number,
  orgId: string | undefined,
): Promise<string | undefined> {
  if (orgId !== undefined && (await countRevocations(change, now, orgId)) > MOST_OF_ORGANISATION)
    return orgId
  if ((await countRevocations(change, now)) > MOST_OF_ALL) return findLargestOrganisation(change)
  return
}

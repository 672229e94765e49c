import type { AuditedChange } from './audit.ts'
import type { Change } from './changes.ts'
import { countRevocations, findLargestOrganisation } from './revocations.ts'

/**
 * How many revocations of tokens that came from something are listed, of one organisation and of all.
 * Guards read the list, and one that is too long for them would refuse everybody: the longest that they
 * read holds 90,000.
 */
const MOST_OF_ORGANISATION = 10_000
const MOST_OF_ALL = 50_000
/** Longest lifetime of a token that came from something, such as a session; ms. */
export const LONGEST_DERIVED_LIFETIME = 86_400_000

/** An access token, or a family of sessions, to be revoked. */
export interface DerivedRevocation {
  readonly id: string
  readonly orgId: string | undefined
  /** When the last token that it refuses expires, in epoch ms. */
  readonly expiresAt: number
}

/**
 * Revokes an access token or a family. If too many are listed, an epoch takes the place of those of the
 * organisation that has the most: it ends all its access tokens and sessions, which pages renew. That is
 * audited.
 *
 * @param at Epoch ms.
 */
export async function revokeDerived(
  change: AuditedChange,
  at: number,
  { id, orgId, expiresAt }: DerivedRevocation,
): Promise<void> {
  await change.revoke(id, { at, expiresAt, orgId })
  const full = await findFullOrganisation(change, at, orgId)
  if (full === undefined) return
  await change.raiseEpoch(full, { at, expiresAt: at + LONGEST_DERIVED_LIFETIME })
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

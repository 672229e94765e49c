import type { AuditedChange } from './audit.ts'
import type { Change } from './changes.ts'
import {
  countDerivedRevocations,
  countOtherRevocations,
  listRevokingOrganisations,
} from './revocations.ts'

/**
 * How many revocations are listed: of what came from something, of one organisation and of all; and of
 * everything else that clients and administration over HTTP add. Guards read the list, and one that is
 * too long for them would refuse everybody: the longest that they read holds 90,000.
 */
const MOST_OF_ORGANISATION = 10_000
const MOST_OF_ALL = 50_000
const MOST_OTHERS = 30_000
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
 * Revokes an access token or a family. If too many are listed, an epoch takes the place of those of one
 * organisation: it ends all its access tokens and sessions, which pages renew. That is audited.
 *
 * Past the bound of all organisations, the one that revokes gives way if it has more than its fair share
 * of the list: otherwise an organisation could make another one pay by staying just below it. One within
 * its share does not pay for the others; then the largest gives way, which makes the most room.
 *
 * @param at Epoch ms.
 */
export async function revokeDerived(
  change: AuditedChange,
  at: number,
  { orgId, ...revocation }: DerivedRevocation,
): Promise<void> {
  await revokeAllDerived(change, at, orgId, [revocation])
}

/** Like {@link revokeDerived}, for several of one organisation in as few queries. */
export async function revokeAllDerived(
  change: AuditedChange,
  at: number,
  orgId: string | undefined,
  revocations: readonly Omit<DerivedRevocation, 'orgId'>[],
): Promise<void> {
  if (revocations.length === 0) return
  await change.revokeAll(
    at,
    revocations.map((revocation) => ({ ...revocation, orgId })),
  )
  const findFull = () => findFullOrganisation(change, at, orgId)
  // Several can exceed the bound of all by more than what one organisation makes room for.
  for (let full = await findFull(); full !== undefined; full = await findFull()) {
    await change.raiseEpoch(full, { at, expiresAt: at + LONGEST_DERIVED_LIFETIME })
    await change.forgetAccessTokens(full)
    await change.audit({ action: 'organisation.expire', target: full })
  }
}

/**
 * May an actor other than the operator at the terminal add what this change has added to the revocations
 * of API tokens, accounts and the like? No epoch can take the place of those. Administration over HTTP
 * can make any number of tokens, also such as administer, so the bound is for all of them together.
 */
export async function isListShortEnough(change: Change, now: number): Promise<boolean> {
  return (await countOtherRevocations(change, now)) <= MOST_OTHERS
}

async function findFullOrganisation(
  change: Change,
  now: number,
  orgId: string | undefined,
): Promise<string | undefined> {
  if (
    orgId !== undefined &&
    (await countDerivedRevocations(change, now, orgId)) > MOST_OF_ORGANISATION
  )
    return orgId
  if ((await countDerivedRevocations(change, now)) <= MOST_OF_ALL) return
  const organisations = await listRevokingOrganisations(change, now)
  const fairShare = MOST_OF_ALL / organisations.length
  const causer = organisations.find((each) => each.orgId === orgId)
  return causer && causer.count > fairShare ? causer.orgId : organisations[0]?.orgId
}

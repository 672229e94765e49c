import { z } from 'zod'
import { ConfigError } from '../settings/config-error.ts'
import { describeIssues, describeRule } from '../settings/describe-issues.ts'
import { formatCommand } from '../settings/format-command.ts'
import type { StorePlace } from '../settings/store-place.ts'
import { findAccount, findActiveAccount } from '../store/accounts.ts'
import type { Store } from '../store/open.ts'
import { listSeededGrants } from '../store/seeded-grants.ts'
import type { Grant, NamedGrant } from './grant.ts'
import { issuedGrantSchema } from './issued-grant.ts'

const seededSchema = z.object({ grants: z.record(z.string(), issuedGrantSchema) })

/**
 * Joins the grants that a first run seeded in the store with the configured ones, which take precedence,
 * and finds their accounts.
 *
 * @param place For messages.
 * @throws {@link ConfigError} naming every grant whose account does not exist.
 */
export async function loadGrants(
  store: Store,
  configured: Readonly<Record<string, Grant>>,
  place: StorePlace,
): Promise<readonly NamedGrant[]> {
  const seeded = await loadSeededGrants(store)
  const faults: string[] = []
  const grants: NamedGrant[] = []
  for (const [name, grant] of Object.entries({ ...seeded, ...configured })) {
    const { account } = grant
    const owner = account === undefined ? undefined : await findAccount(store, account)
    if (grant.kind === 'relayed' && owner?.name === account) grants.push({ ...grant, name, owner })
    else if (grant.kind === 'issued' && owner) grants.push({ ...grant, name, owner })
    // Nobody has written a seeded grant, so nobody can correct it: it goes with its account.
    else if (Object.hasOwn(configured, name))
      faults.push(
        `grants.${name}.account: must be an account that exists; create it with "${formatCommand('account create', [account ?? ''], place)}" (given: "${account}")`,
      )
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return grants
}

/** The grants that give no token, because their account was disabled or deleted. */
export async function listClosedGrants(
  store: Store,
  grants: readonly NamedGrant[],
): Promise<readonly NamedGrant[]> {
  const closed: NamedGrant[] = []
  for (const grant of grants) {
    const { owner } = grant
    // Another account may have the name by now.
    if (owner && (await findActiveAccount(store, owner.name))?.orgId !== owner.orgId)
      closed.push(grant)
  }
  return closed
}

async function loadSeededGrants(store: Store): Promise<Readonly<Record<string, Grant>>> {
  const input = { grants: await listSeededGrants(store) }
  const result = seededSchema.safeParse(input, { error: describeRule })
  if (!result.success) throw new ConfigError(describeIssues(result.error.issues, input))
  return result.data.grants
}

import { z } from 'zod'
import { ConfigError, describeIssues, describeRule } from '../settings/config-error.ts'
import { findAccount } from '../store/accounts.ts'
import type { Store } from '../store/open.ts'
import { listSeededGrants } from '../store/seeded-grants.ts'
import type { NamedGrant } from './grants.ts'
import { type Grant, grantSchema } from './issued-grant.ts'
import type { NamedRelayedGrant, RelayedGrant } from './relayed-grant.ts'

/**
 * Puts configured grants over those that a first run left in the store, and finds their accounts.
 *
 * @throws {@link ConfigError} naming every grant whose account does not exist.
 */
export async function loadGrants(
  store: Store,
  configured: Readonly<Record<string, Grant | RelayedGrant>>,
): Promise<readonly (NamedGrant | NamedRelayedGrant)[]> {
  const seeded: unknown = await listSeededGrants(store)
  const parsed = z.record(z.string(), grantSchema).safeParse(seeded, { error: describeRule })
  if (!parsed.success) throw new ConfigError(describeIssues(parsed.error.issues, seeded))
  const faults: string[] = []
  const grants: (NamedGrant | NamedRelayedGrant)[] = []
  for (const [name, grant] of Object.entries({ ...parsed.data, ...configured })) {
    const owner = grant.account === undefined ? undefined : await findAccount(store, grant.account)
    if ('upstream' in grant && owner?.name === grant.account) grants.push({ ...grant, name, owner })
    else if (owner && !('upstream' in grant)) grants.push({ ...grant, name, owner })
    else
      faults.push(
        `grants.${name}.account: must be an account that exists; create it with "tilepass account create ${grant.account}" (given: "${grant.account}")`,
      )
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return grants
}

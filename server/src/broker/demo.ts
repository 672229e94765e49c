import type { GrantSettings } from '../grants/issued-grant.ts'
import { createAccount } from '../store/accounts.ts'
import type { Store } from '../store/open.ts'
import { seedGrant } from '../store/seeded-grants.ts'

const ACCOUNT = 'demo'

/** Grants of the demo: an hour by default, and 15 s for pages that show renewal. */
const GRANTS: Readonly<Record<string, GrantSettings>> = {
  default: { account: ACCOUNT, scope: 'tiles:read', expiresInSeconds: 3600 },
  short: { account: ACCOUNT, scope: 'tiles:read', expiresInSeconds: 15 },
}

/**
 * Adds the account `demo` and its grants to a store. What exists already stays unchanged, so every start
 * may call it.
 *
 * @param now Epoch ms.
 */
export async function seedDemo(store: Store, now: number): Promise<void> {
  await createAccount(store, ACCOUNT, now)
  for (const [name, settings] of Object.entries(GRANTS)) await seedGrant(store, name, settings)
}

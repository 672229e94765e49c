import { expect, test } from 'vitest'
import { createAccount } from '../../src/store/accounts.ts'
import { audited } from '../../src/store/audit.ts'
import { applyChange } from '../../src/store/changes.ts'
import { endFamilies } from '../../src/store/login-families.ts'
import { createRevocations, listRevocations } from '../../src/store/revocations.ts'
import { NOW } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

test('ending thousands of sessions takes one epoch instead of as many revocations', async () => {
  const store = await openTestStore()
  const account = await createAccount(store, 'city', NOW)
  const row = (id: number) => ({
    id: `fam_${id}`,
    account: 'city',
    generation: 0,
    rotated_at: NOW,
    retry_key: null,
    expires_at: NOW + 60_000,
    ended_at: null,
  })
  await applyChange(store, async ({ db }) => {
    for (let from = 0; from < 8_000; from += 500)
      await db
        .insertInto('login_family')
        .values(Array.from({ length: 500 }, (_, index) => row(from + index)))
        .execute()
  })
  const at = NOW + 2_000
  const entry = { at, actor: 'cli', action: 'account.set-password', target: 'city' }
  await audited(store, entry, (change) => endFamilies(change, 'city', 'change of password', at))
  expect((await listRevocations(store, at)).length).toBeLessThan(200)
  const token = { sub: 'tok_short_1', parent: 'grant_a', sid: 'fam_1', iat: NOW / 1000 }
  const revocations = createRevocations(store, () => at)
  expect(await revocations.refuses({ ...token, org_id: account?.orgId ?? '' })).toBe(true)
}, 120_000)

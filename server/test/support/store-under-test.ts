import { onTestFinished } from 'vitest'
import { openStore, type Store } from '../../src/store/open.ts'
import { makeDataFolder, NOW } from './broker-under-test.ts'

/** Opens a store that is closed after the test; several of them may share a folder. */
export async function openTestStore(folder = makeDataFolder()): Promise<Store> {
  const store = await openStore(folder, 1_000)
  onTestFinished(() => store.close())
  return store
}

/** Lists this many revocations of API tokens; they count for an hour. */
export async function fillRevocations({ db }: Store, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `tok_old_${index}`,
    revoked_at: NOW,
    expires_at: NOW + 3_600_000,
    org_id: null,
    seq: index,
  }))
  while (rows.length > 0) await db.insertInto('revocation').values(rows.splice(0, 1_000)).execute()
}

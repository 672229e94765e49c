import type { UnreadyReason } from '../http/health.ts'
import { SealedStoreError } from '../store/errors.ts'
import type { Store } from '../store/open.ts'
import { findSetting } from '../store/settings.ts'
import { listSigningKeyRows } from '../store/signing-keys.ts'

/** Why a broker cannot do its work with this store; `undefined` if it can. */
export async function findStoreFault(store: Store): Promise<UnreadyReason | undefined> {
  try {
    // A database that only reads answers queries, and fails this one.
    await store.readDataVersion()
    await findSetting(store, 'issuer')
    await listSigningKeyRows(store)
    return
  } catch (error) {
    return error instanceof SealedStoreError ? 'secret key missing' : 'store unavailable'
  }
}

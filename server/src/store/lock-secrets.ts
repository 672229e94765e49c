import type { Change } from './changes.ts'
import { SealedStoreError } from './errors.ts'
import type { Connection } from './open.ts'
import { NO_KEY } from './sealing.ts'
import { findSetting, setSetting } from './settings.ts'

/** Set once secrets of the store were sealed. From then on nobody may put plain ones in their place. */
const MARKER = 'sealed'

/**
 * Lets changes of all secrets take turns until they commit: a key that is made while everything is sealed
 * again must not be missed. SQLite runs one transaction at a time anyway; the row is the one that writers
 * of revocations lock.
 */
export async function lockSecrets({ db }: Change): Promise<void> {
  await db
    .updateTable('revocation_sequence')
    .set((row) => ({ value: row.ref('value') }))
    .execute()
}

/**
 * Does the same for a change that adds a secret.
 *
 * @throws {@link SealedStoreError} if it would be plain, and another process has sealed the store.
 */
export async function lockNewSecret(change: Change): Promise<void> {
  await lockSecrets(change)
  if (change.sealing.keyIds.length === 0 && (await wasSealed(change)))
    throw new SealedStoreError(NO_KEY)
}

/** Was this store ever sealed? Then its secrets are never plain again. */
export async function wasSealed(connection: Connection): Promise<boolean> {
  return (await findSetting(connection, MARKER)) !== undefined
}

/** Notes, in the change that seals it, that the store is sealed. */
export function noteSealed(change: Change): Promise<void> {
  return setSetting(change, MARKER, '1')
}

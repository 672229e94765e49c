import type { Change } from './changes.ts'

/**
 * Lets changes of all secrets take turns until they commit. SQLite runs one transaction at a time
 * anyway; the row is the one that writers of revocations lock.
 */
export async function lockSecrets({ db }: Change): Promise<void> {
  await db
    .updateTable('revocation_sequence')
    .set((row) => ({ value: row.ref('value') }))
    .execute()
}

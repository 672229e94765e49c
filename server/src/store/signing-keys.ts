import type { Selectable } from 'kysely'
import { addAuditEntry } from './audit.ts'
import { applyChange, type Change } from './changes.ts'
import type { Connection, Store } from './open.ts'
import type { SigningKeyTable } from './schema.ts'

/** A signing key with its secret. */
export type SigningKeyRow = Readonly<Selectable<SigningKeyTable>>

/** All signing keys: the one that signs last comes first. */
export async function listSigningKeyRows({ db }: Connection): Promise<readonly SigningKeyRow[]> {
  return db
    .selectFrom('signing_key')
    .selectAll()
    .orderBy('signs_from', 'desc')
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
}

/** Adds a key unless the store has one already; of two processes that start at once one wins. */
export async function addFirstSigningKey(store: Store, key: SigningKeyRow): Promise<void> {
  await applyChange(store, async (change) => {
    const other = await change.db.selectFrom('signing_key').select('kid').executeTakeFirst()
    if (other) return
    await change.db.insertInto('signing_key').values(key).execute()
    const [actor, action] = ['broker', 'key.create']
    await addAuditEntry(change, { at: key.created_at, actor, action, target: key.kid })
  })
}

/** Replaces old keys by a new one; this process notices the change like one by any other. */
export async function replaceSigningKeys(
  change: Change,
  oldKeyIds: readonly string[],
  key: SigningKeyRow,
): Promise<void> {
  if (oldKeyIds.length > 0)
    await change.db.deleteFrom('signing_key').where('kid', 'in', oldKeyIds).execute()
  await change.db.insertInto('signing_key').values(key).execute()
  change.noteWrite()
}

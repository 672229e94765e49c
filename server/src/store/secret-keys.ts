import type { Selectable } from 'kysely'
import type { Change } from './changes.ts'
import { lockNewSecret } from './lock-secrets.ts'
import type { SealedConnection } from './open.ts'
import type { SecretKeyTable } from './schema.ts'
import { toSecretKeyPlace } from './sealed-columns.ts'

/** A secret key with its secret, opened. */
export type SecretKeyRow = Readonly<Selectable<SecretKeyTable>>

/**
 * The keys of a purpose: the one that signs first, then those that it replaced, the newest first.
 *
 * @throws `SealedStoreError` if one does not open.
 */
export async function listSecretKeyRows(
  { db, sealing }: SealedConnection,
  purpose: string,
): Promise<readonly SecretKeyRow[]> {
  const rows = await db
    .selectFrom('secret_key')
    .selectAll()
    .where('purpose', '=', purpose)
    .orderBy('id')
    .execute()
  const toOrder = ({ replaced_at: at }: SecretKeyRow) => at ?? Number.MAX_SAFE_INTEGER
  return rows
    .sort((a, b) => toOrder(b) - toOrder(a))
    .map((row) => ({ ...row, secret: sealing.open(toSecretKeyPlace(row.id), row.secret) }))
}

/** Adds a key that signs. @returns `false` if another key of its purpose does. */
export async function addSecretKey(change: Change, key: SecretKeyRow): Promise<boolean> {
  await lockNewSecret(change)
  const { db, sealing } = change
  // A unique index allows one key per purpose that is not replaced.
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('secret_key')
    .values({ ...key, secret: sealing.seal(toSecretKeyPlace(key.id), key.secret) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/**
 * Ends the turn of a key that signs. @returns `false` if it does not sign any more.
 *
 * @param endsAt When the last of what it signed expires, in epoch ms; `null` if that is never.
 */
export async function retireSecretKey(
  { db }: Change,
  id: string,
  at: number,
  endsAt: number | null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('secret_key')
    .set({ replaced_at: at, ends_at: endsAt })
    .where('id', '=', id)
    .where('replaced_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Deletes keys. @returns Those that existed, as they were at the end, without their secrets. */
export async function deleteSecretKeys(
  { db }: Change,
  ids: readonly string[],
): Promise<readonly Omit<SecretKeyRow, 'secret'>[]> {
  if (ids.length === 0) return []
  return db
    .deleteFrom('secret_key')
    .where('id', 'in', ids)
    .returning(['id', 'purpose', 'created_at', 'replaced_at', 'ends_at'])
    .execute()
}

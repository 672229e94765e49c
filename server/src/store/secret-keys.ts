import type { Selectable } from 'kysely'
import type { Change } from './changes.ts'
import type { Connection } from './open.ts'
import type { SecretKeyTable } from './schema.ts'

/** A secret key with its secret. */
export type SecretKeyRow = Readonly<Selectable<SecretKeyTable>>

/** The keys of a purpose: the one that signs first, then those that it replaced, the newest first. */
export async function listSecretKeyRows(
  { db }: Connection,
  purpose: string,
): Promise<readonly SecretKeyRow[]> {
  const rows = await db
    .selectFrom('secret_key')
    .selectAll()
    .where('purpose', '=', purpose)
    .orderBy('id')
    .execute()
  const toPlace = ({ replaced_at: at }: SecretKeyRow) => at ?? Number.MAX_SAFE_INTEGER
  return rows.sort((a, b) => toPlace(b) - toPlace(a))
}

/** Adds a key that signs. @returns `false` if another key of its purpose does. */
export async function addSecretKey({ db }: Connection, key: SecretKeyRow): Promise<boolean> {
  // A unique index allows one key per purpose that is not replaced.
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('secret_key')
    .values(key)
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

/** Deletes keys. @returns Those that existed, as they were at the end. */
export async function deleteSecretKeys(
  { db }: Change,
  ids: readonly string[],
): Promise<readonly SecretKeyRow[]> {
  if (ids.length === 0) return []
  return db.deleteFrom('secret_key').where('id', 'in', ids).returningAll().execute()
}

import type { Selectable } from 'kysely'
import type { Store } from './open.ts'
import type { LoginFamilyTable } from './schema.ts'

/** What one sign-in began. */
export type LoginFamily = Readonly<Selectable<LoginFamilyTable>>

/**
 * Opens a family, unless the account's password is no longer the one that was checked: a sign-in
 * that a change of password overtakes must not survive it.
 */
export async function openFamily(
  store: Store,
  family: LoginFamily,
  passwordHash: string,
): Promise<boolean> {
  return store.db.transaction().execute(async (transaction) => {
    const account = await transaction
      .selectFrom('account')
      .select('name')
      .where('name', '=', family.account)
      .where('password_hash', '=', passwordHash)
      .where('disabled_at', 'is', null)
      .executeTakeFirst()
    if (!account) return false
    await transaction
      .deleteFrom('login_family')
      .where('account', '=', family.account)
      .where('expires_at', '<=', family.rotated_at)
      .execute()
    await transaction.insertInto('login_family').values(family).execute()
    return true
  })
}

/** Finds a family by id, ended or not. */
export async function findFamily(store: Store, id: string): Promise<LoginFamily | undefined> {
  return store.db.selectFrom('login_family').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Moves a family on by one refresh token; of several callers at once one gets `true`. */
export async function rotateFamily(
  store: Store,
  { id, generation }: Pick<LoginFamily, 'id' | 'generation'>,
  retryKey: string | null,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await store.db
    .updateTable('login_family')
    .set({ generation: generation + 1, rotated_at: now, retry_key: retryKey })
    .where('id', '=', id)
    .where('generation', '=', generation)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Ends a family: its refresh tokens and sessions are worth nothing from when this resolves. */
export async function endFamily(store: Store, id: string, now: number): Promise<void> {
  await store.db
    .updateTable('login_family')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute()
}

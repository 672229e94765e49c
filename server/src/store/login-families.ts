import type { Selectable } from 'kysely'
import type { Connection, Store } from './open.ts'
import type { LoginFamilyTable } from './schema.ts'

/** The refresh tokens and sessions that came from one sign-in. */
export type LoginFamily = Readonly<Selectable<LoginFamilyTable>>

/**
 * Opens a family, unless the password of the account has changed since it was checked: a sign-in that
 * is overtaken by a change of password must not survive it.
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
export async function findFamily({ db }: Connection, id: string): Promise<LoginFamily | undefined> {
  return db.selectFrom('login_family').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Advances a family by one refresh token; of several concurrent callers one gets `true`. */
export async function rotateFamily(
  { db }: Connection,
  { id, generation }: Pick<LoginFamily, 'id' | 'generation'>,
  retryKey: string | null,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('login_family')
    .set({ generation: generation + 1, rotated_at: now, retry_key: retryKey })
    .where('id', '=', id)
    .where('generation', '=', generation)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Ends a family: from when this resolves, its refresh tokens and sessions are refused. */
export async function endFamily({ db }: Connection, id: string, now: number): Promise<void> {
  await db
    .updateTable('login_family')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute()
}

import type { Store } from './open.ts'

/** What a user name stands for at sign-in. */
export interface SignIn {
  readonly account: string
  /** Argon2id in PHC form. */
  readonly passwordHash: string
}

/**
 * Finds who signs in under an account's name or its email address, as an exact string. An address
 * that several accounts have stands for none of them, and neither does a disabled account.
 */
export async function findSignIn(store: Store, username: string): Promise<SignIn | undefined> {
  const rows = await store.db
    .selectFrom('account')
    .select(['name', 'password_hash'])
    .where((where) => where.or([where('name', '=', username), where('email', '=', username)]))
    .where('disabled_at', 'is', null)
    .limit(2)
    .execute()
  const row =
    rows.find(({ name }) => name === username) ?? (rows.length === 1 ? rows[0] : undefined)
  if (!row || row.password_hash === null) return
  return { account: row.name, passwordHash: row.password_hash }
}

/**
 * Changes an account's password and ends everything that was signed in with the old one, together.
 *
 * @param expected The hash that is to be replaced, if only that one.
 * @returns `false` if there is no such account, or its password is another one by now.
 */
export async function setPassword(
  store: Store,
  account: string,
  passwordHash: string,
  now: number,
  expected?: string,
): Promise<boolean> {
  return store.db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('account')
      .set({ password_hash: passwordHash })
      .where('name', '=', account)
      .$if(expected !== undefined, (query) => query.where('password_hash', '=', expected ?? ''))
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return false
    await transaction
      .updateTable('login_family')
      .set({ ended_at: now })
      .where('account', '=', account)
      .where('ended_at', 'is', null)
      .execute()
    return true
  })
}

import type { Change } from './changes.ts'
import type { Connection } from './open.ts'

/** The account that a user name stands for at sign-in. */
export interface SignIn {
  readonly account: string
  /** Argon2id in PHC form. */
  readonly passwordHash: string
}

/**
 * Finds the account to sign in to by its name or its email address, as an exact string. An address
 * that several accounts share finds none of them; nor is a disabled account found.
 */
export async function findSignIn(
  { db }: Connection,
  username: string,
): Promise<SignIn | undefined> {
  const rows = await db
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
 * Changes the password of an account and ends everything that was signed in with the old one.
 *
 * @param expected Replace only this hash.
 * @returns `false` if there is no such account, or its password has changed since.
 */
export async function setPassword(
  { db }: Change,
  account: string,
  passwordHash: string,
  now: number,
  expected?: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('account')
    .set({ password_hash: passwordHash })
    .where('name', '=', account)
    .$if(expected !== undefined, (query) => query.where('password_hash', '=', expected ?? ''))
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await db
    .updateTable('login_family')
    .set({ ended_at: now })
    .where('account', '=', account)
    .where('ended_at', 'is', null)
    .execute()
  return true
}

import type { AuditedChange } from './audit.ts'
import { endFamilies } from './login-families.ts'
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

/** What attempts to sign in are counted under. */
export interface SignInTarget {
  /** Name of the account; `undefined` if the user name stands for none. */
  readonly account: string | undefined
  /** The same for every spelling of the name and of the email address of an account. */
  readonly key: string
}

/**
 * Finds the account that a user name is meant for, in whatever spelling. Its own name and its email
 * address count together, and so do spellings of a name that no account has.
 *
 * What signs in to an account counts for it, also an address that differs from another one in case only,
 * or has letters that the database does not fold.
 *
 * @param spelling The user name in lower case, without surrounding space.
 */
export async function findSignInTarget(
  connection: Connection,
  username: string,
  spelling: string,
): Promise<SignInTarget> {
  const exact = await findSignIn(connection, username)
  if (exact) return { account: exact.account, key: exact.account.toLowerCase() }
  const rows = await connection.db
    .selectFrom('account')
    .select(['name', (select) => select.fn<string>('lower', ['name']).as('key')])
    .where((where) =>
      where.or([
        where(where.fn('lower', ['name']), '=', spelling),
        where(where.fn('lower', ['email']), '=', spelling),
      ]),
    )
    .limit(2)
    .execute()
  const found =
    rows.find(({ key }) => key === spelling) ?? (rows.length === 1 ? rows[0] : undefined)
  return { account: found?.name, key: found?.key ?? spelling }
}

/**
 * Changes the password of an account and ends everything that was signed in with the old one.
 *
 * @param expected Replace only this hash.
 * @returns `false` if there is no such account, or its password has changed since.
 */
export async function setPassword(
  change: AuditedChange,
  account: string,
  passwordHash: string,
  now: number,
  expected?: string,
): Promise<boolean> {
  const { numUpdatedRows } = await change.db
    .updateTable('account')
    .set({ password_hash: passwordHash })
    .where('name', '=', account)
    .$if(expected !== undefined, (query) => query.where('password_hash', '=', expected ?? ''))
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await endFamilies(change, account, 'change of password', now)
  return true
}

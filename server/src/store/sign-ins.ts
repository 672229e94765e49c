import { sql } from 'kysely'
import type { AuditedChange } from './audit.ts'
import { endFamilies } from './login-families.ts'
import type { Connection } from './open.ts'

/** The account that a user name stands for at sign-in. */
export interface SignIn {
  readonly account: string
  /** Argon2id in PHC form. */
  readonly passwordHash: string
}

/** What an attempt to sign in is meant for. */
export interface SignInTarget {
  /** Name of the account; `undefined` if the user name stands for none. */
  readonly account: string | undefined
  /** What attempts are counted under: the same for every spelling of an account's name and email address. */
  readonly key: string
  /** The account to sign in to; `undefined` if the user name is not exactly that of an active account. */
  readonly signIn: SignIn | undefined
}

/**
 * Finds the account that a user name is meant for, in whatever spelling, and the one that it signs in
 * to: by its name or its email address, as an exact string. An address that several accounts share finds
 * none of them.
 *
 * Its own name and its email address count together, and so do spellings of a name that no account has.
 * What signs in to an account counts for it, also an address that differs from another one in case only,
 * or has letters that the database does not fold.
 *
 * It is one query for every user name, by indexes only: its time must not tell which accounts exist.
 *
 * @param spelling The user name in lower case, without surrounding space.
 */
export async function findSignInTarget(
  { db }: Connection,
  username: string,
  spelling: string,
): Promise<SignInTarget> {
  const lowerName = sql<string>`lower(name)`
  const lowerEmail = sql<string | null>`lower(email)`
  // Two of a kind are enough to know that there are several.
  const names = db.selectFrom('account').select('name').limit(2)
  const rows = await db
    .selectFrom('account')
    .select(['name', 'email', 'password_hash', 'disabled_at', lowerName.as('key')])
    .select(lowerEmail.as('lower_email'))
    .where((where) =>
      where.or([
        where('name', '=', username),
        where('name', 'in', names.where('email', '=', username).where('disabled_at', 'is', null)),
        where('name', 'in', names.where(lowerName, '=', spelling)),
        where('name', 'in', names.where(lowerEmail, '=', spelling)),
      ]),
    )
    .orderBy('name')
    .execute()

  const active = rows.filter(({ disabled_at: at }) => at === null)
  const exact =
    active.find(({ name }) => name === username) ??
    getOnly(active.filter(({ email }) => email === username))
  if (exact && exact.password_hash !== null) {
    const { name: account, password_hash: passwordHash } = exact
    return { account, key: account.toLowerCase(), signIn: { account, passwordHash } }
  }
  const meant =
    rows.find(({ key }) => key === spelling) ??
    getOnly(rows.filter(({ lower_email: email }) => email === spelling))
  return { account: meant?.name, key: meant?.key ?? spelling, signIn: undefined }
}

function getOnly<T>(rows: readonly T[]): T | undefined {
  return rows.length === 1 ? rows[0] : undefined
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

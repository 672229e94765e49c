import { randomBytes } from 'node:crypto'
import type { Store } from './open.ts'

/** An owner of tokens. */
export interface Account {
  readonly name: string
  readonly orgId: string
  readonly email: string | undefined
}

/** What a new account may have besides its name. */
export interface AccountDetails {
  readonly email?: string | undefined
  /** Argon2id in PHC form. */
  readonly passwordHash?: string | undefined
}

/** Finds an account by its exact name. */
export async function findAccount(store: Store, name: string): Promise<Account | undefined> {
  const row = await store.db
    .selectFrom('account')
    .select(['name', 'org_id', 'email'])
    .where('name', '=', name)
    .executeTakeFirst()
  return row && { name: row.name, orgId: row.org_id, email: row.email ?? undefined }
}

/**
 * Creates an account and resolves to it; `undefined` if the name is taken. Two callers at once get
 * one account.
 */
export async function createAccount(
  store: Store,
  name: string,
  now: number,
  { email, passwordHash }: AccountDetails = {},
): Promise<Account | undefined> {
  const orgId = `org_${randomBytes(16).toString('hex')}`
  const { numInsertedOrUpdatedRows } = await store.db
    .insertInto('account')
    .values({
      name,
      org_id: orgId,
      email: email ?? null,
      password_hash: passwordHash ?? null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n ? { name, orgId, email } : undefined
}

import { randomBytes } from 'node:crypto'
import { NEVER } from './api-tokens.ts'
import type { Store } from './open.ts'

/** An owner of tokens. */
export interface Account {
  readonly name: string
  readonly orgId: string
  readonly email: string | undefined
  /** Since when everything of it is refused, in epoch ms. */
  readonly disabledAt?: number | undefined
}

/** What a new account may have besides its name. */
export interface AccountDetails {
  readonly email?: string | undefined
  /** Argon2id in PHC form. */
  readonly passwordHash?: string | undefined
}

/** Finds an account by its exact name, disabled or not. */
export async function findAccount(store: Store, name: string): Promise<Account | undefined> {
  const row = await store.db
    .selectFrom('account')
    .select(['name', 'org_id', 'email', 'disabled_at'])
    .where('name', '=', name)
    .executeTakeFirst()
  return (
    row && {
      name: row.name,
      orgId: row.org_id,
      email: row.email ?? undefined,
      disabledAt: row.disabled_at ?? undefined,
    }
  )
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

/** Finds an account that may act: one that is there and not disabled. */
export async function findActiveAccount(store: Store, name: string): Promise<Account | undefined> {
  const account = await findAccount(store, name)
  return account?.disabledAt === undefined ? account : undefined
}

/** All accounts by name. */
export async function listAccounts(store: Store): Promise<readonly Account[]> {
  const rows = await store.db.selectFrom('account').selectAll().orderBy('name').execute()
  return rows.map((row) => ({
    name: row.name,
    orgId: row.org_id,
    email: row.email ?? undefined,
    disabledAt: row.disabled_at ?? undefined,
  }))
}

/**
 * Disables an account for good: from when this resolves every process refuses, within 1 s, its
 * tokens of every kind, those of its grants included.
 *
 * @returns `false` if there is no such account; disabling again is no error.
 */
export async function disableAccount(store: Store, name: string, now: number): Promise<boolean> {
  const orgId = await store.db.transaction().execute(async (transaction) => {
    const account = await transaction
      .selectFrom('account')
      .select(['org_id', 'disabled_at'])
      .where('name', '=', name)
      .executeTakeFirst()
    if (!account) return
    if (account.disabled_at === null) {
      await transaction
        .updateTable('account')
        .set({ disabled_at: now })
        .where('name', '=', name)
        .execute()
      await transaction
        .updateTable('api_token')
        .set({ revoked_at: now, modified_at: now })
        .where('account', '=', name)
        .where('revoked_at', 'is', null)
        .execute()
    }
    await transaction
      .insertInto('revocation')
      .values({ id: account.org_id, revoked_at: now, expires_at: NEVER })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    return account.org_id
  })
  if (orgId === undefined) return false
  store.revokedHere.add(orgId)
  return true
}

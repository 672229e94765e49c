import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import { NEVER } from './api-tokens.ts'
import type { Change } from './changes.ts'
import type { Connection } from './open.ts'
import type { AccountTable } from './schema.ts'

/** An owner of tokens. */
export interface Account {
  readonly name: string
  readonly orgId: string
  readonly email: string | undefined
  /** Epoch ms; from then on everything of the account is refused. */
  readonly disabledAt?: number | undefined
}

/** What a new account may have besides its name. */
export interface AccountDetails {
  readonly email?: string | undefined
  /** Argon2id in PHC form. */
  readonly passwordHash?: string | undefined
}

/** Finds an account by its exact name, disabled or not. */
export async function findAccount({ db }: Connection, name: string): Promise<Account | undefined> {
  const row = await db.selectFrom('account').selectAll().where('name', '=', name).executeTakeFirst()
  return row && toAccount(row)
}

/** Finds an account that may act: one that exists and is not disabled. */
export async function findActiveAccount(
  connection: Connection,
  name: string,
): Promise<Account | undefined> {
  const account = await findAccount(connection, name)
  return account?.disabledAt === undefined ? account : undefined
}

/** All accounts by name. */
export async function listAccounts({ db }: Connection): Promise<readonly Account[]> {
  return (await db.selectFrom('account').selectAll().orderBy('name').execute()).map(toAccount)
}

/**
 * Creates an account and resolves to it; `undefined` if the name is taken. Of two concurrent callers
 * one gets the account.
 */
export async function createAccount(
  { db }: Connection,
  name: string,
  now: number,
  { email, passwordHash }: AccountDetails = {},
): Promise<Account | undefined> {
  const orgId = `org_${randomBytes(16).toString('hex')}`
  const { numInsertedOrUpdatedRows } = await db
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

/**
 * Disables an account permanently and revokes its tokens of every kind, those of its grants included.
 *
 * @returns `false` if there is no such account. Disabling it again changes nothing.
 */
export async function disableAccount(change: Change, name: string, now: number): Promise<boolean> {
  const { db } = change
  const account = await findAccount(change, name)
  if (!account) return false
  if (account.disabledAt === undefined) {
    await db
      .updateTable('account')
      .set({ disabled_at: now })
      .where('name', '=', name)
      .where('disabled_at', 'is', null)
      .execute()
    await db
      .updateTable('api_token')
      .set((row) => ({ revoked_at: now, modified_at: now, version: row('version', '+', 1) }))
      .where('account', '=', name)
      .where('revoked_at', 'is', null)
      .execute()
  }
  await change.revoke(account.orgId, { at: now, expiresAt: NEVER })
  return true
}

function toAccount({ name, org_id, email, disabled_at }: Selectable<AccountTable>): Account {
  return { name, orgId: org_id, email: email ?? undefined, disabledAt: disabled_at ?? undefined }
}

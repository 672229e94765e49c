import { randomBytes } from 'node:crypto'
import { type Selectable, sql } from 'kysely'
import { NEVER } from './api-tokens.ts'
import type { AuditedChange } from './audit.ts'
import { LONGEST_DERIVED_LIFETIME } from './bounded-revocations.ts'
import { getEarlierNow } from './earlier-clock.ts'
import { endFamilies } from './login-families.ts'
import type { Connection } from './open.ts'
import type { AccountTable } from './schema.ts'

/** How long the name of a deleted account stays taken, in ms: the longest temporary token, and a leeway. */
export const NAME_KEPT = 3_600_000 + 60_000

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

/** Finds an account by its exact name, disabled or not; a deleted one counts as absent. */
export async function findAccount({ db }: Connection, name: string): Promise<Account | undefined> {
  const row = await db
    .selectFrom('account')
    .selectAll()
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return row && toAccount(row)
}

/**
 * Finds an account for a change that depends on its state: until the change is committed, no other one
 * changes the account. An update locks the row in every database, a read in SQLite only.
 */
export async function lockAccount({ db }: Connection, name: string): Promise<Account | undefined> {
  const row = await db
    .updateTable('account')
    .set((account) => ({ created_at: account.ref('created_at') }))
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
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

/** Which accounts to list. */
export interface AccountQuery {
  /** Only accounts with a name after this one. */
  readonly after?: string | undefined
  /** By default all accounts are listed. */
  readonly limit?: number
}

/** Accounts by name. */
export async function listAccounts(
  { db }: Connection,
  { after, limit }: AccountQuery = {},
): Promise<readonly Account[]> {
  let page = db.selectFrom('account').selectAll().where('deleted_at', 'is', null)
  if (after !== undefined) page = page.where('name', '>', after)
  if (limit !== undefined) page = page.limit(limit)
  return (await page.orderBy('name').execute()).map(toAccount)
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
  const row = {
    name,
    org_id: orgId,
    email: email ?? null,
    password_hash: passwordHash ?? null,
    created_at: now,
  }
  const insert = async () => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('account')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n
  }
  const isCreated = (await insert()) || ((await freeName(db, name, now)) && (await insert()))
  return isCreated ? { name, orgId, email } : undefined
}

/** Removes what keeps the name of a deleted account taken; `false` if it stays taken. */
async function freeName(db: Connection['db'], name: string, now: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('account')
    .where('name', '=', name)
    .where('deleted_at', '<=', sql<number>`${getEarlierNow({ db }, now)} - ${sql.lit(NAME_KEPT)}`)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/**
 * Disables an account: everything of it is refused, of every kind, and what was issued stays refused if
 * it is enabled again.
 *
 * @returns `false` if there is no such account. Disabling it again changes nothing.
 */
export async function disableAccount(
  change: AuditedChange,
  name: string,
  now: number,
): Promise<boolean> {
  const account = await lockAccount(change, name)
  if (!account) return false
  if (account.disabledAt === undefined) {
    await change.db
      .updateTable('account')
      .set({ disabled_at: now })
      .where('name', '=', name)
      .execute()
    await endTokens(change, account, 'account.disable', now)
  }
  await change.revoke(account.orgId, { at: now, expiresAt: NEVER })
  return true
}

/**
 * Enables a disabled account. It revives no token: what was issued before is refused for good.
 *
 * @returns Whether there was such an account, and it was disabled.
 */
export async function enableAccount(
  change: AuditedChange,
  name: string,
  now: number,
): Promise<'enabled' | 'absent' | 'not disabled'> {
  const account = await lockAccount(change, name)
  if (!account) return 'absent'
  if (account.disabledAt === undefined) return 'not disabled'
  await change.db
    .updateTable('account')
    .set({ disabled_at: null })
    .where('name', '=', name)
    .execute()
  // Versions that could not enable revoked the organisation alone.
  await endTokens(change, account, 'account.enable', now)
  await change.lift(account.orgId, now)
  return 'enabled'
}

/**
 * Deletes an account with its tokens and sessions. Its name is free {@link NAME_KEPT} later.
 *
 * @returns Whether there was such an account, and no dataset of it.
 */
export async function deleteAccount(
  change: AuditedChange,
  name: string,
  now: number,
): Promise<'deleted' | 'absent' | 'has datasets'> {
  if (!(await disableAccount(change, name, now))) return 'absent'
  const { db } = change
  const dataset = await db
    .selectFrom('dataset')
    .select('id')
    .where('account', '=', name)
    .executeTakeFirst()
  if (dataset) return 'has datasets'
  await db.deleteFrom('login_family').where('account', '=', name).execute()
  await db.deleteFrom('api_token').where('account', '=', name).execute()
  await db
    .updateTable('account')
    .set({ deleted_at: now, email: null, password_hash: null })
    .where('name', '=', name)
    .execute()
  change.noteWrite()
  return 'deleted'
}

/** Ends every token and session of an account, each by its own id or by an epoch. */
async function endTokens(
  change: AuditedChange,
  { name, orgId }: Account,
  reason: string,
  now: number,
): Promise<void> {
  const tokens = await change.db
    .selectFrom('api_token')
    .select(['id', 'expires_at'])
    .where('account', '=', name)
    // Others are read from the registry at every use; there can be too many of them for the list.
    .where('format', '=', 'jwt')
    .where('expires_at', '>', now)
    .execute()
  await change.db
    .updateTable('api_token')
    .set((row) => ({ revoked_at: now, modified_at: now, version: row('version', '+', 1) }))
    .where('account', '=', name)
    .where('revoked_at', 'is', null)
    .execute()
  await endFamilies(change, name, reason, now)
  await change.revokeAll(
    now,
    tokens.map(({ id, expires_at: expiresAt }) => ({ id, expiresAt })),
  )
  await change.raiseEpoch(orgId, { at: now, expiresAt: now + LONGEST_DERIVED_LIFETIME })
}

function toAccount({ name, org_id, email, disabled_at }: Selectable<AccountTable>): Account {
  return { name, orgId: org_id, email: email ?? undefined, disabledAt: disabled_at ?? undefined }
}

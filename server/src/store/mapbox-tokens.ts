import type { Insertable, Transaction } from 'kysely'
import type { ApiToken } from './api-tokens.ts'
import type { Store } from './open.ts'
import type { ApiTokenTable, Tables } from './schema.ts'

/** Which tokens of an account to list. */
export interface MapboxTokenQuery {
  readonly usage?: 'pk' | 'sk' | undefined
  readonly isDefault?: boolean | undefined
  readonly sortBy: 'created_at' | 'modified_at'
  /** Only what comes after this place in the order. */
  readonly after?: { readonly at: number; readonly id: string } | undefined
  readonly limit: number
}

/** What an update changes; the rest stays. */
export interface MapboxTokenChange {
  readonly note?: string
  readonly scopes?: string
  readonly allowed_urls?: string
  readonly restrictions?: string | null
}

/** Finds a current Mapbox token of this account. */
export async function findMapboxToken(
  store: Store,
  account: string,
  id: string,
): Promise<ApiToken | undefined> {
  return selectCurrent(store, account).where('id', '=', id).executeTakeFirst()
}

/** A page of the account's current Mapbox tokens, the newest first. */
export async function listMapboxTokens(
  store: Store,
  account: string,
  { usage, isDefault, sortBy, after, limit }: MapboxTokenQuery,
): Promise<readonly ApiToken[]> {
  let query = selectCurrent(store, account)
  if (usage !== undefined) query = query.where('usage', '=', usage)
  if (isDefault !== undefined) query = query.where('is_default', '=', isDefault ? 1 : 0)
  if (after)
    query = query.where((where) =>
      where.or([
        where(sortBy, '<', after.at),
        where.and([where(sortBy, '=', after.at), where('id', '>', after.id)]),
      ]),
    )
  return query.orderBy(sortBy, 'desc').orderBy('id').limit(limit).execute()
}

/** Changes a current token; resolves to what it is then, `undefined` if it is none. */
export async function updateMapboxToken(
  store: Store,
  account: string,
  id: string,
  change: MapboxTokenChange,
  now: number,
): Promise<ApiToken | undefined> {
  return store.db
    .updateTable('api_token')
    .set({ ...change, modified_at: now })
    .where('id', '=', id)
    .where('account', '=', account)
    .where('format', '=', 'mapbox')
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/** Enters a default token unless the account has one; of two callers at once one wins. */
export async function addDefaultToken(
  store: Store,
  token: Insertable<ApiTokenTable>,
): Promise<void> {
  const has = await selectCurrent(store, token.account)
    .where('is_default', '=', 1)
    .executeTakeFirst()
  if (!has) await insertDefault(store.db, token)
}

/**
 * Revokes a current token of the account, on disk when this resolves. A default token is replaced in
 * the same transaction.
 *
 * @param createDefault The row to put in its place.
 * @returns `false` if there is no such token, or no more.
 */
export async function deleteMapboxToken(
  store: Store,
  account: string,
  id: string,
  now: number,
  createDefault: () => Insertable<ApiTokenTable>,
): Promise<boolean> {
  return store.db.transaction().execute(async (transaction) => {
    const deleted = await transaction
      .updateTable('api_token')
      .set({ revoked_at: now, modified_at: now })
      .where('id', '=', id)
      .where('account', '=', account)
      .where('format', '=', 'mapbox')
      .where('revoked_at', 'is', null)
      .returning('is_default')
      .executeTakeFirst()
    if (!deleted) return false
    if (deleted.is_default === 1) await insertDefault(transaction, createDefault())
    return true
  })
}

/** The scopes of a row. */
export function readScopes(token: ApiToken): readonly string[] {
  return token.scopes === '' ? [] : token.scopes.split(' ')
}

/** The URLs that a row's token is restricted to; empty without a restriction. */
export function readAllowedUrls(token: ApiToken): readonly string[] {
  const urls: unknown = JSON.parse(token.allowed_urls)
  return Array.isArray(urls) ? urls.filter((url) => typeof url === 'string') : []
}

function selectCurrent(store: Store, account: string) {
  return store.db
    .selectFrom('api_token')
    .selectAll()
    .where('account', '=', account)
    .where('format', '=', 'mapbox')
    .where('revoked_at', 'is', null)
}

async function insertDefault(
  db: Store['db'] | Transaction<Tables>,
  token: Insertable<ApiTokenTable>,
): Promise<void> {
  // A unique index allows one current default token per account.
  await db
    .insertInto('api_token')
    .values(token)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

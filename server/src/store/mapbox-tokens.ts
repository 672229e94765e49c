import type { ApiToken, NewApiTokenRow } from './api-tokens.ts'
import type { Change } from './changes.ts'
import type { Connection } from './open.ts'

/** Which tokens of an account to list. */
export interface MapboxTokenQuery {
  readonly usage?: 'pk' | 'sk' | undefined
  readonly isDefault?: boolean | undefined
  readonly sortBy: 'created_at' | 'modified_at'
  /** Only tokens after this place in the order. */
  readonly after?: { readonly at: number; readonly id: string } | undefined
  readonly limit: number
}

/** What an update changes; everything else stays. */
export interface MapboxTokenUpdate {
  readonly note?: string
  readonly scopes?: string
  readonly allowed_urls?: string
  readonly restrictions?: string | null
}

/** Finds a current Mapbox token of this account. */
export async function findMapboxToken(
  connection: Connection,
  account: string,
  id: string,
): Promise<ApiToken | undefined> {
  return selectCurrent(connection, account).where('id', '=', id).executeTakeFirst()
}

/** A page of the current Mapbox tokens of an account, the newest first. */
export async function listMapboxTokens(
  connection: Connection,
  account: string,
  { usage, isDefault, sortBy, after, limit }: MapboxTokenQuery,
): Promise<readonly ApiToken[]> {
  let query = selectCurrent(connection, account)
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

/** Updates a current token and resolves to the new row; `undefined` if there is no such token. */
export async function updateMapboxToken(
  { db }: Connection,
  account: string,
  id: string,
  update: MapboxTokenUpdate,
  now: number,
): Promise<ApiToken | undefined> {
  return db
    .updateTable('api_token')
    .set({ ...update, modified_at: now })
    .where('id', '=', id)
    .where('account', '=', account)
    .where('format', '=', 'mapbox')
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/** Adds a default token unless the account has one; of two concurrent callers one wins. */
export async function addDefaultToken(
  connection: Connection,
  token: NewApiTokenRow,
): Promise<void> {
  const current = await selectCurrent(connection, token.account)
    .where('is_default', '=', 1)
    .executeTakeFirst()
  if (!current) await insertDefault(connection, token)
}

/**
 * Revokes a current token of the account. A default token is replaced in the same change.
 *
 * @param createDefault Creates the row that replaces it.
 * @returns `false` if the account has no such current token.
 */
export async function deleteMapboxToken(
  change: Change,
  account: string,
  id: string,
  now: number,
  createDefault: () => NewApiTokenRow,
): Promise<boolean> {
  const deleted = await change.db
    .updateTable('api_token')
    .set({ revoked_at: now, modified_at: now })
    .where('id', '=', id)
    .where('account', '=', account)
    .where('format', '=', 'mapbox')
    .where('revoked_at', 'is', null)
    .returning('is_default')
    .executeTakeFirst()
  if (!deleted) return false
  if (deleted.is_default === 1) await insertDefault(change, createDefault())
  return true
}

function selectCurrent({ db }: Connection, account: string) {
  return db
    .selectFrom('api_token')
    .selectAll()
    .where('account', '=', account)
    .where('format', '=', 'mapbox')
    .where('revoked_at', 'is', null)
}

async function insertDefault({ db }: Connection, token: NewApiTokenRow): Promise<void> {
  // A unique index allows one current default token per account.
  await db
    .insertInto('api_token')
    .values(token)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

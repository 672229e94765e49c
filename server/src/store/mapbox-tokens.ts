import { sql } from 'kysely'
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

/**
 * A page of the current Mapbox tokens of an account, the newest first. It costs the same for every page and
 * any number of tokens: each order, with and without `usage`, has an index.
 */
export async function listMapboxTokens(
  connection: Connection,
  account: string,
  query: MapboxTokenQuery,
): Promise<readonly ApiToken[]> {
  const { usage, isDefault, sortBy, after, limit } = query
  if (isDefault) return listDefaultToken(connection, account, query)
  let page = selectCurrent(connection, account)
  if (usage !== undefined) page = page.where('usage', '=', usage)
  if (isDefault !== undefined) page = page.where('is_default', '=', 0)
  if (after)
    page = page.where(({ eb, refTuple, tuple }) =>
      eb(refTuple(sortBy, 'id'), '<', tuple(after.at, after.id)),
    )
  return page.orderBy(sortBy, 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** An account has one default token at most, so the rest of the query is for this token alone. */
async function listDefaultToken(
  connection: Connection,
  account: string,
  { usage, sortBy, after }: MapboxTokenQuery,
): Promise<readonly ApiToken[]> {
  const rows = await selectCurrent(connection, account)
    .where('is_default', '=', sql.lit(1))
    .execute()
  return rows.filter(
    (row) =>
      (usage === undefined || row.usage === usage) &&
      (!after || row[sortBy] < after.at || (row[sortBy] === after.at && row.id < after.id)),
  )
}

/**
 * Updates a current token and resolves to the new row; `undefined` if any process has changed the token
 * since it was read. The rules that allow an update depend on the row, so none may pass it unseen; a
 * transaction alone does not ensure that in every database.
 *
 * @param token The token as it was read.
 */
export async function updateMapboxToken(
  { db }: Connection,
  { id, version }: Pick<ApiToken, 'id' | 'version'>,
  update: MapboxTokenUpdate,
  now: number,
): Promise<ApiToken | undefined> {
  return db
    .updateTable('api_token')
    .set({ ...update, modified_at: now, version: version + 1 })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/**
 * Adds a default token unless the account has one; of two concurrent callers one wins.
 *
 * @returns Its id; `undefined` if the account has one already.
 */
export async function addDefaultToken(
  { db }: Connection,
  token: NewApiTokenRow,
): Promise<string | undefined> {
  // A unique index allows one current default token per account.
  const added = await db
    .insertInto('api_token')
    .values(token)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return added?.id
}

/**
 * Revokes a current token of the account. A default token is replaced in the same change.
 *
 * @param successor The row that replaces a default token.
 * @returns The id of the successor, if there is one; `undefined` if the account has no such token.
 */
export async function deleteMapboxToken(
  change: Change,
  account: string,
  id: string,
  successor: NewApiTokenRow,
  now: number,
): Promise<{ readonly successor: string | undefined } | undefined> {
  const deleted = await change.db
    .updateTable('api_token')
    .set((row) => ({ revoked_at: now, modified_at: now, version: row('version', '+', 1) }))
    .where('id', '=', id)
    .where('account', '=', account)
    .where('format', '=', 'mapbox')
    .where('revoked_at', 'is', null)
    .returning('is_default')
    .executeTakeFirst()
  if (!deleted) return
  return { successor: deleted.is_default ? await addDefaultToken(change, successor) : undefined }
}

function selectCurrent({ db }: Connection, account: string) {
  return (
    db
      .selectFrom('api_token')
      .selectAll()
      .where('account', '=', account)
      // In the SQL, not a parameter: SQLite must know it to use the indexes of Mapbox tokens.
      .where('format', '=', sql.lit('mapbox'))
      .where('revoked_at', 'is', null)
  )
}

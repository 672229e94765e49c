import type { Insertable, Selectable } from 'kysely'
import { LONGEST_DERIVED_LIFETIME } from './bounded-revocations.ts'
import type { Change } from './changes.ts'
import { isPostgres } from './dialect.ts'
import type { Connection } from './open.ts'
import { prepareQuery } from './prepared-query.ts'
import type { ApiTokenTable } from './schema.ts'

/** A row of the registry of long-lived tokens. */
export type ApiToken = Readonly<Selectable<ApiTokenTable>>
/** A new row of the registry. */
export type NewApiTokenRow = Readonly<Insertable<ApiTokenTable>>

/** `expires_at` of a token that never expires: the last instant that a `Date` can hold. */
export const NEVER = 8_640_000_000_000_000

/** Adds a token to the registry. */
export async function addApiToken({ db }: Connection, token: NewApiTokenRow): Promise<void> {
  await db.insertInto('api_token').values(token).execute()
}

/** Finds a token by id, revoked or not. */
export async function findApiToken({ db }: Connection, id: string): Promise<ApiToken | undefined> {
  return db.selectFrom('api_token').selectAll().where('id', '=', id).executeTakeFirst()
}

const queryCurrentToken = prepareQuery((db) =>
  db
    .selectFrom('api_token')
    .innerJoin('account', 'account.name', 'api_token.account')
    .select(['api_token.format', 'api_token.read_only', 'account.org_id'])
    .where('api_token.id', '=', '')
    .where('api_token.revoked_at', 'is', null)
    .where('account.deleted_at', 'is', null)
    .where('account.disabled_at', 'is', null),
)

/** What there is to know of a token that may be used. */
export interface CurrentToken {
  readonly format: ApiToken['format']
  /** Organisation of its account. */
  readonly orgId: string
  readonly isReadOnly: boolean
}

/** Finds a token that is not revoked, of an account that may act. */
export async function findCurrentToken(
  connection: Connection,
  id: string,
): Promise<CurrentToken | undefined> {
  const [row] = await queryCurrentToken(connection, id)
  return row && { format: row.format, orgId: row.org_id, isReadOnly: row.read_only !== 0 }
}

/**
 * Is a token of the registry current, in the name of which a change is made? Until the change is
 * committed, nobody revokes it: a token that another replica has just revoked changes nothing any more.
 */
export async function lockCurrentToken({ db }: Change, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('api_token')
    .select('id')
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    // In SQLite the transaction itself is the lock.
    .$if(isPostgres({ db }), (query) => query.forShare())
    .executeTakeFirst()
  return row !== undefined
}

/** Which tokens to list. */
export interface ApiTokenQuery {
  /** Only tokens after this one in the order. */
  readonly after?: Pick<ApiToken, 'id' | 'created_at'> | undefined
  readonly limit: number
}

/**
 * A page of all tokens, the newest first. It costs the same for every page and any number of tokens: an
 * index has the order.
 */
export async function listApiTokens(
  { db }: Connection,
  { after, limit }: ApiTokenQuery,
): Promise<readonly ApiToken[]> {
  let page = db.selectFrom('api_token').selectAll()
  if (after)
    page = page.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'id'), '<', tuple(after.created_at, after.id)),
    )
  return page.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** Ids of the tokens that are JWTs and neither revoked nor expired. */
export async function listActiveJwtIds(
  { db }: Connection,
  now: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('api_token')
    .select('id')
    .where('format', '!=', 'mapbox')
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .execute()
  return rows.map(({ id }) => id)
}

/**
 * Revokes a token and the tokens that were exchanged for it.
 *
 * @returns `false` if there is no such token. Revoking it again changes nothing.
 */
export async function revokeApiToken(change: Change, id: string, now: number): Promise<boolean> {
  const token = await findApiToken(change, id)
  if (!token) return false
  await change.db
    .updateTable('api_token')
    .set((row) => ({ revoked_at: now, modified_at: now, version: row('version', '+', 1) }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
  // Mapbox tokens are read from the registry; only what came from them must know of the revocation.
  const expiresAt = token.format === 'mapbox' ? now + LONGEST_DERIVED_LIFETIME : token.expires_at
  await change.revoke(id, { at: now, expiresAt })
  return true
}

/**
 * Revokes every token that is a JWT and neither revoked nor expired, in a few queries.
 *
 * @returns How many.
 */
export async function revokeActiveJwts(change: Change, now: number): Promise<number> {
  const rows = await change.db
    .updateTable('api_token')
    .set((row) => ({ revoked_at: now, modified_at: now, version: row('version', '+', 1) }))
    .where('format', '!=', 'mapbox')
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['id', 'expires_at'])
    .execute()
  await change.revokeAll(
    now,
    rows.map(({ id, expires_at: expiresAt }) => ({ id, expiresAt })),
  )
  return rows.length
}

/** The scopes of a token of the registry. */
export function readScopes(token: ApiToken): readonly string[] {
  return token.scopes === '' ? [] : token.scopes.split(' ')
}

/** The URLs that a token of the registry is restricted to; empty if it is not restricted. */
export function readAllowedUrls(token: ApiToken): readonly string[] {
  const urls: unknown = JSON.parse(token.allowed_urls)
  return Array.isArray(urls) ? urls.filter((url) => typeof url === 'string') : []
}

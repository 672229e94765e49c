import type { Insertable, Selectable } from 'kysely'
import type { Store } from './open.ts'
import type { ApiTokenTable } from './schema.ts'

/** A row of the registry of long-lived tokens. */
export type ApiToken = Readonly<Selectable<ApiTokenTable>>

/** `expires_at` of a token without an end: the last instant that a `Date` can hold. */
export const NEVER = 8_640_000_000_000_000

/** Enters a new API token. */
export async function addApiToken(store: Store, token: Insertable<ApiTokenTable>): Promise<void> {
  await store.db.insertInto('api_token').values(token).execute()
}

/** Finds a token by id, revoked or not. */
export async function findApiToken(store: Store, id: string): Promise<ApiToken | undefined> {
  return store.db.selectFrom('api_token').selectAll().where('id', '=', id).executeTakeFirst()
}

/** All tokens, the newest first. */
export async function listApiTokens(store: Store): Promise<readonly ApiToken[]> {
  return store.db
    .selectFrom('api_token')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
}

/**
 * Revokes a token: from the moment this resolves it is on disk, and this process refuses the
 * token and those exchanged for it, every other one within 1 s.
 *
 * @returns `false` if there is no such token; revoking again is no error.
 */
export async function revokeApiToken(store: Store, id: string, now: number): Promise<boolean> {
  const isRevoked = await store.db.transaction().execute(async (transaction) => {
    const token = await transaction
      .selectFrom('api_token')
      .select(['expires_at', 'revoked_at'])
      .where('id', '=', id)
      .executeTakeFirst()
    if (!token) return false
    if (token.revoked_at !== null) return true
    await transaction
      .updateTable('api_token')
      .set({ revoked_at: now, modified_at: now })
      .where('id', '=', id)
      .execute()
    await transaction
      .insertInto('revocation')
      .values({ id, revoked_at: now, expires_at: token.expires_at })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    return true
  })
  if (isRevoked) store.revokedHere.add(id)
  return isRevoked
}

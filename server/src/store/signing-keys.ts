import { type Selectable, sql } from 'kysely'
import { addAuditEntry } from './audit.ts'
import { applyChange, type Change } from './changes.ts'
import { lockNewSecret } from './lock-secrets.ts'
import type { Connection, SealedConnection, Store } from './open.ts'
import type { SigningKeyTable } from './schema.ts'
import { toSigningKeyPlace } from './sealed-columns.ts'
import { takeTurn } from './transact.ts'

/** A signing key with its secret, opened. */
export type SigningKeyRow = Readonly<Selectable<SigningKeyTable>>

/**
 * All signing keys: the one that signs last comes first.
 *
 * @throws `SealedStoreError` if one does not open.
 */
export async function listSigningKeyRows({
  db,
  sealing,
}: SealedConnection): Promise<readonly SigningKeyRow[]> {
  const rows = await db
    .selectFrom('signing_key')
    .selectAll()
    .orderBy('signs_from', 'desc')
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
  return rows.map((row) => ({
    ...row,
    private_jwk: sealing.open(toSigningKeyPlace(row.kid), row.private_jwk),
  }))
}

/** Adds a key unless the store has one already; of two processes that start at once one wins. */
export async function addFirstSigningKey(store: Store, key: SigningKeyRow): Promise<void> {
  await applyChange(store, async (change) => {
    await takeTurn(change, 'signing keys')
    await lockNewSecret(change)
    const other = await change.db.selectFrom('signing_key').select('kid').executeTakeFirst()
    if (other) return
    await change.db.insertInto('signing_key').values(toSealed(change, key)).execute()
    const [actor, action] = ['broker', 'key.create']
    await addAuditEntry(change, { at: key.created_at, actor, action, target: key.kid })
  })
}

/**
 * Notes that a key has signed an API token.
 *
 * @returns `false` if the key is gone.
 */
export async function noteApiToken(
  { db }: Connection,
  kid: string | undefined,
  expiresAt: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('signing_key')
    .set((row) => ({
      last_exp: sql`case when ${row.ref('last_exp')} < ${expiresAt} then ${expiresAt} else ${row.ref('last_exp')} end`,
    }))
    .where('kid', '=', kid ?? '')
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Counts the API tokens that are not revoked and not expired and were made in this time; epoch ms. */
export async function countApiTokens(
  { db }: Connection,
  { from, until, now }: { readonly from: number; readonly until: number; readonly now: number },
): Promise<number> {
  const { count } = await db
    .selectFrom('api_token')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('format', '=', 'jwt')
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .where('created_at', '>=', from)
    .where('created_at', '<', until)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Replaces old keys by a new one, if there is one; this process notices the change like one by any other. */
export async function replaceSigningKeys(
  change: Change,
  oldKeyIds: readonly string[],
  key: SigningKeyRow | undefined,
): Promise<void> {
  // First: what seals everything again has this lock, and waits for rows.
  await lockNewSecret(change)
  if (oldKeyIds.length > 0)
    await change.db.deleteFrom('signing_key').where('kid', 'in', oldKeyIds).execute()
  if (key) await change.db.insertInto('signing_key').values(toSealed(change, key)).execute()
  change.noteWrite()
}

function toSealed({ sealing }: SealedConnection, key: SigningKeyRow): SigningKeyRow {
  return { ...key, private_jwk: sealing.seal(toSigningKeyPlace(key.kid), key.private_jwk) }
}

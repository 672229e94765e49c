import type { Transaction } from 'kysely'
import type { SealedConnection, Store } from './open.ts'
import { getOwnWrites, type OwnRevocation } from './own-writes.ts'
import { EPOCH_PREFIX, getOldestEnd, LIFT_PREFIX, MARGIN } from './revocations.ts'
import type { Tables } from './schema.ts'
import { transact } from './transact.ts'

/** How long it is told that a revocation was lifted, in ms: longer than any view goes without a whole list. */
const LIFT_KEPT = 3_600_000
/** How many rows one statement inserts: PostgreSQL takes 65,535 values, and 5 belong to a row. */
const MOST_INSERTED = 1_000

/** When a revocation or an epoch begins, and until when it must be known; epoch ms. */
export interface RevocationPeriod {
  readonly at: number
  /** The end of the last token that it refuses. */
  readonly expiresAt: number
}

/** The revocation of a token. */
export interface TokenRevocation extends RevocationPeriod {
  /** The organisation of an access token. */
  readonly orgId?: string | undefined
}

/** The revocation of one of many ids, which all begin at once. */
export interface RevocationOfId extends Omit<TokenRevocation, 'at'> {
  readonly id: string
}

/**
 * A change in progress: everything that is done through it commits together or not at all. It is the
 * only way to write revocations, so that this process never forgets one that it has committed.
 */
export interface Change extends SealedConnection {
  readonly db: Transaction<Tables>
  /**
   * Revokes an id: its tokens and the tokens that came from it. Once the change is committed, this
   * process refuses them at once, every other process within 1 s, or within
   * 2 s if it is on another machine.
   */
  revoke(id: string, revocation: TokenRevocation): Promise<void>
  /**
   * Revokes any number of ids in a few queries. Until the commit nobody else can revoke anything, so
   * what takes long should be done before.
   *
   * @param at Epoch ms.
   */
  revokeAll(at: number, revocations: readonly RevocationOfId[]): Promise<void>
  /**
   * Ends the access tokens and sessions that were issued for an id before `at`. Tokens issued in the
   * rest of that second end as well, because `iat` is in whole seconds; a renewal replaces them.
   */
  raiseEpoch(id: string, period: RevocationPeriod): Promise<void>
  /** Takes the revocation of an id back. What else refuses its tokens stays. */
  lift(id: string, at: number): Promise<void>
  /** Removes the revocations of an organisation's access tokens. An epoch must refuse them already. */
  forgetAccessTokens(orgId: string): Promise<void>
  /** Makes every view of this process load again once the change is committed. */
  noteWrite(): void
}

/**
 * Runs a change in a transaction, which is on disk when this resolves. If `run` throws, none of its
 * changes remain, neither in the store nor in the memory of this process.
 *
 * SQLite has one connection: `run` must query through the change alone. A query through the store
 * would wait for the transaction, and the transaction for the query. PostgreSQL may have `run` called
 * again: see {@link transact}.
 */
export async function applyChange<T>(
  store: Store,
  run: (change: Change) => Promise<T>,
): Promise<T> {
  let revoked: (readonly [id: string, at: number, own: OwnRevocation])[] = []
  let epochs: [string, number][] = []
  let lifted: string[] = []
  let writes = 0
  const result = await transact(store, (db) => {
    // An earlier attempt has left nothing in the store either.
    revoked = []
    epochs = []
    lifted = []
    writes = 0
    const revokeAll = async (at: number, revocations: readonly RevocationOfId[]) => {
      for (const [id, own] of await insertRevocations(db, at, revocations))
        revoked.push([id, at, own])
    }
    return run({
      db,
      sealing: store.sealing,
      revoke: (id, { at, ...revocation }) => revokeAll(at, [{ id, ...revocation }]),
      revokeAll,
      raiseEpoch: async (id, { at, expiresAt }) => {
        const row = { revoked_at: at, expires_at: expiresAt, seq: await takeSeq(db, at) }
        await db
          .insertInto('revocation')
          .values({ id: EPOCH_PREFIX + id, org_id: null, ...row })
          // Of two concurrent changes the earlier one may commit last; it must not lower the epoch.
          .onConflict((conflict) =>
            conflict.column('id').doUpdateSet(row).where('revocation.revoked_at', '<', at),
          )
          .execute()
        epochs.push([id, at])
      },
      lift: async (id, at) => {
        await db.deleteFrom('revocation').where('id', '=', id).execute()
        // Views and guards that know the revocation must learn that it is gone.
        const row = { revoked_at: at, expires_at: at + LIFT_KEPT, seq: await takeSeq(db, at) }
        await db
          .insertInto('revocation')
          .values({ id: LIFT_PREFIX + id, org_id: null, ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute()
        lifted.push(id)
      },
      forgetAccessTokens: async (orgId) => {
        await db.deleteFrom('revocation').where('org_id', '=', orgId).execute()
      },
      noteWrite: () => {
        writes++
      },
    })
  })
  const own = getOwnWrites(store)
  // Once for all of them: there can be thousands, of each kind.
  const latest = revoked.reduce((max, [, at]) => Math.max(max, at), 0)
  for (const [old, { until }] of own.revoked) if (until <= latest - MARGIN) own.revoked.delete(old)
  for (const [id, , written] of revoked) own.revoked.set(id, written)
  for (const id of lifted) own.revoked.delete(id)
  for (const [id, at] of epochs) own.epochs.set(id, Math.max(own.epochs.get(id) ?? 0, at))
  own.count += writes
  return result
}

/** Inserts revocations in their order, each with a position of its own; those that exist stay as they are. */
async function insertRevocations(
  db: Transaction<Tables>,
  at: number,
  revocations: readonly RevocationOfId[],
): Promise<readonly (readonly [id: string, own: OwnRevocation])[]> {
  if (revocations.length === 0) return []
  const last = await takeSeq(db, at, revocations.length)
  const rows = revocations.map(({ id, expiresAt, orgId = null }, index) => ({
    ...{ id, revoked_at: at, expires_at: expiresAt, org_id: orgId },
    seq: last - revocations.length + 1 + index,
  }))
  for (let start = 0; start < rows.length; start += MOST_INSERTED)
    await db
      .insertInto('revocation')
      .values(rows.slice(start, start + MOST_INSERTED))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  return rows.map(({ id, expires_at: until, seq }) => [id, { until, seq }])
}

/**
 * Takes the next positions of revocations, and deletes those that no token needs any more.
 *
 * @returns The last of the positions.
 */
async function takeSeq(db: Transaction<Tables>, now: number, count = 1): Promise<number> {
  // First, because its row is a lock: of two that delete the same rows, one would wait for the other.
  const { value } = await db
    .updateTable('revocation_sequence')
    .set((update) => ({ value: update('value', '+', count) }))
    .returning('value')
    .executeTakeFirstOrThrow()
  await db.deleteFrom('revocation').where('expires_at', '<=', getOldestEnd({ db }, now)).execute()
  return Number(value)
}

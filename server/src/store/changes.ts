import type { Transaction } from 'kysely'
import type { Connection, Store } from './open.ts'
import { getOwnWrites } from './own-writes.ts'
import { EPOCH_PREFIX } from './revocations.ts'
import type { Tables } from './schema.ts'

/** When a revocation or an epoch begins, and until when it must be known; epoch ms. */
export interface RevocationPeriod {
  readonly at: number
  /** The end of the last token that it refuses. */
  readonly expiresAt: number
}

/**
 * A change in progress: everything that is done through it commits together or not at all. It is the
 * only way to write revocations, so that this process never forgets one that it has committed.
 */
export interface Change extends Connection {
  readonly db: Transaction<Tables>
  /**
   * Revokes an id: its tokens and the tokens that came from it. Once the change is committed, this
   * process refuses them at once, every other process within 1 s.
   */
  revoke(id: string, period: RevocationPeriod): Promise<void>
  /**
   * Ends the access tokens and sessions that were issued for an id before `at`. Tokens issued in the
   * rest of that second end as well, because `iat` is in whole seconds; a renewal replaces them.
   */
  raiseEpoch(id: string, period: RevocationPeriod): Promise<void>
  /** Makes every view of this process load again once the change is committed. */
  noteWrite(): void
}

/**
 * Runs a change in a transaction, which is on disk when this resolves. If `run` throws, none of its
 * changes remain, neither in the store nor in the memory of this process.
 *
 * SQLite has one connection: `run` must query through the change alone. A query through the store
 * would wait for the transaction, and the transaction for the query.
 */
export async function applyChange<T>(
  store: Store,
  run: (change: Change) => Promise<T>,
): Promise<T> {
  const revoked: string[] = []
  const epochs: [string, number][] = []
  let writes = 0
  const result = await store.db.transaction().execute((db) =>
    run({
      db,
      revoke: async (id, { at, expiresAt }) => {
        await db
          .insertInto('revocation')
          .values({ id, revoked_at: at, expires_at: expiresAt })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute()
        revoked.push(id)
      },
      raiseEpoch: async (id, { at, expiresAt }) => {
        const times = { revoked_at: at, expires_at: expiresAt }
        await db
          .insertInto('revocation')
          .values({ id: EPOCH_PREFIX + id, ...times })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(times))
          .execute()
        epochs.push([id, at])
      },
      noteWrite: () => {
        writes++
      },
    }),
  )
  const own = getOwnWrites(store)
  for (const id of revoked) own.revoked.add(id)
  for (const [id, at] of epochs) own.epochs.set(id, Math.max(own.epochs.get(id) ?? 0, at))
  own.count += writes
  return result
}

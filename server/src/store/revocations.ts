import type { Store } from './open.ts'

/** Longest time for which another process's revocation may go unnoticed, in ms. */
const MAX_STALENESS = 250
/** Revocations are kept this long past the token's own end, for verifiers' leeway; ms. */
const MARGIN = 60_000

/** Which ids are revoked: by this process at once, by others a quarter of a second later at most. */
export interface Revocations {
  /**
   * Is any of these ids revoked?
   *
   * @throws `StoreUnavailableError` if that cannot be found out: never a guess.
   */
  includesAny(ids: readonly (string | undefined)[]): Promise<boolean>
}

/**
 * A view of the revocation table that costs no query per request.
 *
 * It looks whether another process has written when it is asked, at most every 250 ms, instead of
 * on a timer: an idle server does nothing, and a stalled one cannot fall behind.
 */
export function createRevocations(store: Store, now: () => number): Revocations {
  let revoked: ReadonlySet<string> = new Set()
  let version: number | undefined
  let checkedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  const load = async (current: number) => {
    const rows = await store.db
      .selectFrom('revocation')
      .select('id')
      .where('expires_at', '>', now() - MARGIN)
      .execute()
    revoked = new Set(rows.map(({ id }) => id))
    version = current
  }

  const update = async () => {
    if (loading) return loading
    // Monotonic: a clock that is set back must not stretch the quarter of a second.
    const started = performance.now()
    if (started - checkedAt < MAX_STALENESS) return
    const current = store.readDataVersion()
    if (current !== version) {
      loading = load(current).finally(() => {
        loading = undefined
      })
      await loading
    }
    checkedAt = started
  }

  return {
    includesAny: async (ids) => {
      await update()
      return ids.some((id) => id !== undefined && (revoked.has(id) || store.revokedHere.has(id)))
    },
  }
}

/**
 * Revokes what has no row in the registry: an access token, by its id. On disk when this resolves;
 * this process refuses it at once, every other one within 1 s.
 *
 * @param expiresAt The token's own end, in epoch ms.
 */
export async function revokeId(
  store: Store,
  id: string,
  expiresAt: number,
  now: number,
): Promise<void> {
  await store.db
    .insertInto('revocation')
    .values({ id, revoked_at: now, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  store.revokedHere.add(id)
}

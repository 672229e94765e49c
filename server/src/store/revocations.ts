import { MAX_ACCESS_SECONDS, MAX_SESSION_SECONDS } from '../issuer/kinds.ts'
import type { Store } from './open.ts'

/** Longest time for which another process's revocation may go unnoticed, in ms. */
const MAX_STALENESS = 250
/** Revocations are kept this long past the token's own end, for verifiers' leeway; ms. */
const MARGIN = 60_000

/** Row id of an epoch: before its instant, access tokens of the id behind it are refused. */
const EPOCH = 'before:'

/** A token as far as revocation goes. */
export interface RevocableToken {
  readonly sub: string
  readonly parent?: string
  readonly org_id?: string
  /** Seconds since 1970. */
  readonly iat: number
}

/** All that is called back: ids, and epochs in epoch ms by id. */
export interface RevocationList {
  readonly revoked: readonly string[]
  readonly epochs: Readonly<Record<string, number>>
}

/** Which ids are revoked: by this process at once, by others a quarter of a second later at most. */
export interface Revocations {
  /**
   * Is any of these ids revoked?
   *
   * @throws `StoreUnavailableError` if that cannot be found out: never a guess.
   */
  includesAny(ids: readonly (string | undefined)[]): Promise<boolean>
  /**
   * Is this token revoked, by an id of its own or by an epoch that was raised since? Throws likewise.
   */
  refuses(token: RevocableToken): Promise<boolean>
}

/**
 * A view of the revocation table that costs no query per request.
 *
 * It looks whether another process has written when it is asked, at most every 250 ms, instead of
 * on a timer: an idle server does nothing, and a stalled one cannot fall behind.
 */
export function createRevocations(store: Store, now: () => number): Revocations {
  let revoked: ReadonlySet<string> = new Set()
  let epochs: ReadonlyMap<string, number> = new Map()
  let version: number | undefined
  let checkedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  const load = async (current: number) => {
    const list = await listRevocations(store, now())
    revoked = new Set(list.revoked)
    epochs = new Map(Object.entries(list.epochs))
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

  const includesAny = async (ids: readonly (string | undefined)[]) => {
    await update()
    return ids.some((id) => id !== undefined && (revoked.has(id) || store.revokedHere.has(id)))
  }

  return {
    includesAny,
    refuses: async ({ sub, parent, org_id, iat }) => {
      if (await includesAny([sub, parent, org_id])) return true
      // API tokens are revoked one by one; only what came from something ends with an epoch.
      if (parent === undefined) return false
      return [parent, org_id].some((id = '') => {
        const epoch = Math.max(epochs.get(id) ?? 0, store.epochsHere.get(id) ?? 0)
        return iat * 1000 < epoch
      })
    },
  }
}

/** Reads what is called back and whose tokens may not have ended yet. */
export async function listRevocations(store: Store, now: number): Promise<RevocationList> {
  const rows = await store.db
    .selectFrom('revocation')
    .select(['id', 'revoked_at'])
    .where('expires_at', '>', now - MARGIN)
    .execute()
  const isEpoch = ({ id }: { id: string }) => id.startsWith(EPOCH)
  return {
    revoked: rows.filter((row) => !isEpoch(row)).map(({ id }) => id),
    epochs: Object.fromEntries(
      rows.filter(isEpoch).map(({ id, revoked_at }) => [id.slice(EPOCH.length), revoked_at]),
    ),
  }
}

/**
 * Ends every access token and session that was issued before now for an organisation or for an API
 * token, and nothing that is issued in a later second: `iat` is whole seconds, so what is issued in the
 * rest of this one ends too, and renewing heals it. Like a revocation: on disk when this resolves.
 */
export async function raiseEpoch(store: Store, id: string, now: number): Promise<void> {
  // After this long, no token from before is left.
  const expires_at = now + Math.max(MAX_ACCESS_SECONDS, MAX_SESSION_SECONDS) * 1000
  await store.db
    .insertInto('revocation')
    .values({ id: EPOCH + id, revoked_at: now, expires_at })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ revoked_at: now, expires_at }))
    .execute()
  store.epochsHere.set(id, now)
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

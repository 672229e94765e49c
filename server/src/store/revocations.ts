import type { Connection, Store } from './open.ts'
import { getOwnWrites } from './own-writes.ts'
import { createWatch } from './watch.ts'

/** Revocations are kept this long past the end of the token, for the leeway of verifiers; ms. */
const MARGIN = 60_000

/** Start of a row id that is an epoch: it ends the tokens issued before it for the id that follows. */
export const EPOCH_PREFIX = 'before:'

/** The claims of a token that revocation depends on. */
export interface RevocableToken {
  readonly sub: string
  readonly parent?: string
  readonly org_id?: string
  /** Seconds since 1970. */
  readonly iat: number
}

/** Everything that is revoked: ids, and epochs in epoch ms by id. */
export interface RevocationList {
  readonly revoked: readonly string[]
  readonly epochs: Readonly<Record<string, number>>
}

/**
 * Tells which tokens are revoked. Revocations by this process count at once, those of other processes
 * a quarter of a second later at most.
 */
export interface Revocations {
  /**
   * Is this id revoked?
   *
   * @throws `StoreUnavailableError` if that cannot be read: never a guess.
   */
  isRevoked(id: string): Promise<boolean>
  /** Is this token revoked, by one of its ids or by an epoch? @throws `StoreUnavailableError` */
  refuses(token: RevocableToken): Promise<boolean>
  /** The same without waiting; `undefined` if the revocations must be loaded first. */
  peek(token: RevocableToken): boolean | undefined
}

/**
 * Creates a view of the revocation table that costs no query per request.
 *
 * @param now Epoch ms.
 */
export function createRevocations(store: Store, now: () => number): Revocations {
  const own = getOwnWrites(store)
  let revoked: ReadonlySet<string> = new Set()
  let epochs: ReadonlyMap<string, number> = new Map()

  const watch = createWatch(store, async () => {
    const list = await listRevocations(store, now())
    revoked = new Set(list.revoked)
    epochs = new Map(Object.entries(list.epochs))
  })

  const hasId = (id: string | undefined) =>
    id !== undefined && (revoked.has(id) || own.revoked.has(id))

  const isBeforeEpoch = (id: string | undefined, iat: number) =>
    id !== undefined && iat * 1000 < Math.max(epochs.get(id) ?? 0, own.epochs.get(id) ?? 0)

  const isRefused = ({ sub, parent, org_id, iat }: RevocableToken) => {
    if (hasId(sub) || hasId(parent) || hasId(org_id)) return true
    // An epoch ends only what came from something; API tokens are revoked one by one.
    return parent !== undefined && (isBeforeEpoch(parent, iat) || isBeforeEpoch(org_id, iat))
  }

  return {
    isRevoked: async (id) => {
      await watch.update()
      return hasId(id)
    },
    refuses: async (token) => {
      await watch.update()
      return isRefused(token)
    },
    peek: (token) => (watch.isCurrent() ? isRefused(token) : undefined),
  }
}

/** Lists the revocations and epochs that may still refuse a token. */
export async function listRevocations({ db }: Connection, now: number): Promise<RevocationList> {
  const rows = await db
    .selectFrom('revocation')
    .select(['id', 'revoked_at'])
    .where('expires_at', '>', now - MARGIN)
    .execute()
  const isEpoch = ({ id }: { id: string }) => id.startsWith(EPOCH_PREFIX)
  return {
    revoked: rows.filter((row) => !isEpoch(row)).map(({ id }) => id),
    epochs: Object.fromEntries(
      rows.filter(isEpoch).map(({ id, revoked_at }) => [id.slice(EPOCH_PREFIX.length), revoked_at]),
    ),
  }
}

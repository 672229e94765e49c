import { type RawBuilder, sql } from 'kysely'
import { getEarlierNow } from './earlier-clock.ts'
import type { Connection, Store } from './open.ts'
import { getOwnWrites } from './own-writes.ts'
import { type Basis, createWatch } from './watch.ts'

/** Revocations are kept this long past the end of the token, for the leeway of verifiers; ms. */
export const MARGIN = 60_000
/** How often a view loads everything, which also forgets what has expired; ms. */
const WHOLE_EVERY = 300_000
/** For how long a list is reused, in ms: many guards cost one query. */
const KEPT = 250

/** Start of a row id that is an epoch: it ends the tokens issued before it for the id that follows. */
export const EPOCH_PREFIX = 'before:'
/** Start of a row id that takes the revocation of the id that follows back. */
export const LIFT_PREFIX = 'lifted:'

/** The claims of a token that revocation depends on. */
export interface RevocableToken {
  readonly sub?: string
  readonly parent?: string
  readonly org_id?: string
  /** Id of the session that it came from. */
  readonly sid?: string
  /** Seconds since 1970. Without it, the token counts as older than any epoch. */
  readonly iat?: number
}

/**
 * An id that is revoked; or whose earlier tokens ended at `epoch` (epoch ms); or whose revocation was
 * `lifted`.
 */
export interface Revocation {
  readonly id: string
  readonly epoch: number | undefined
  readonly isLifted: boolean
  /** Position in the order of all revocations. */
  readonly seq: number
}

/** All revocations that a process knows. It never changes: what is new makes another one. */
export interface RevocationList {
  /** In their order. */
  readonly entries: readonly Revocation[]
  /** Position of the last entry that there has been. */
  readonly last: number
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
  refuses(token: RevocableToken, basis?: Basis): Promise<boolean>
  /** What `refuses` would answer, without waiting; `undefined` if the revocations must be loaded first. */
  peek(token: RevocableToken, basis?: Basis): boolean | undefined
  /** The list as it was a quarter of a second ago, or later. @throws `StoreUnavailableError` */
  list(): Promise<RevocationList>
}

/**
 * Creates a view of the revocation table that costs no query per request.
 *
 * @param now Epoch ms.
 */
export function createRevocations(store: Store, now: () => number): Revocations {
  const own = getOwnWrites(store)
  /** By the id of their row, in their order. */
  let entries = new Map<string, Revocation>()
  let last = 0
  let listed: RevocationList | undefined
  let loadedAt: number | undefined
  let wholeAt = 0

  const watch = createWatch(store, async (isContinuous) => {
    const at = now()
    const isDue = loadedAt === undefined || !isContinuous || Math.abs(at - wholeAt) >= WHOLE_EVERY
    const lastInStore = isDue ? last : await readLastSeq(store.watching)
    const isWhole = isDue || lastInStore < last
    const rows = await listRevocations(store.watching, at, isWhole ? undefined : last)
    loadedAt = at
    const known = entries
    if (isWhole) {
      entries = new Map()
      last = Math.min(last, lastInStore)
      wholeAt = at
    }
    if (isWhole || rows.length > 0) listed = undefined
    for (const row of rows) {
      const { id, epoch, isLifted, seq } = row
      // A lifted revocation is gone, and the other way around.
      if (epoch === undefined) entries.delete(isLifted ? id : LIFT_PREFIX + id)
      // Another process may have lifted what this one had revoked.
      if (isLifted && (own.revoked.get(id)?.seq ?? seq) < seq) own.revoked.delete(id)
      const rowId = toRowId(row)
      const old = known.get(rowId)
      // To the end of the order.
      entries.delete(rowId)
      entries.set(rowId, old?.seq === seq ? old : row)
      last = Math.max(last, seq)
    }
  })

  const hasId = (id: string | undefined) => {
    if (id === undefined) return false
    const entry = entries.get(id)
    // An id that looks like that of an epoch's row is not revoked by it.
    return entry?.id === id || own.revoked.has(id)
  }

  const isBeforeEpoch = (id: string | undefined, iat: number) => {
    if (id === undefined) return false
    const epoch = entries.get(EPOCH_PREFIX + id)?.epoch ?? 0
    return iat * 1000 < Math.max(epoch, own.epochs.get(id) ?? 0)
  }

  const isRefused = ({ sub, parent, org_id, sid, iat = 0 }: RevocableToken) => {
    if (hasId(sub) || hasId(parent) || hasId(org_id) || hasId(sid)) return true
    // An epoch ends only what came from something; API tokens are revoked one by one.
    return parent !== undefined && (isBeforeEpoch(parent, iat) || isBeforeEpoch(org_id, iat))
  }

  return {
    isRevoked: async (id) => {
      await watch.update()
      return hasId(id)
    },
    refuses: async (token, basis) => {
      await watch.update(basis)
      return isRefused(token)
    },
    peek: (token, basis) => (watch.isCurrent(basis) ? isRefused(token) : undefined),
    list: async () => {
      // Not `update`, which does not notice what this process has written.
      if (loadedAt === undefined || Math.abs(now() - loadedAt) >= KEPT) await watch.reload()
      listed ??= { entries: [...entries.values()], last }
      return listed
    },
  }
}

/**
 * Lists the revocations and epochs that may still refuse a token, in their order.
 *
 * @param now Epoch ms.
 * @param after Only those after this position.
 */
export async function listRevocations(
  { db }: Connection,
  now: number,
  after = -1,
): Promise<readonly Revocation[]> {
  const rows = await db
    .selectFrom('revocation')
    .select(['id', 'revoked_at', 'seq'])
    .where('expires_at', '>', getOldestEnd({ db }, now))
    .where('seq', '>', after)
    .orderBy('seq')
    .execute()
  return rows.map(({ id, revoked_at: at, seq }) => {
    const isEpoch = id.startsWith(EPOCH_PREFIX)
    const isLifted = id.startsWith(LIFT_PREFIX)
    const prefix = isEpoch ? EPOCH_PREFIX : isLifted ? LIFT_PREFIX : ''
    return { id: id.slice(prefix.length), epoch: isEpoch ? at : undefined, isLifted, seq }
  })
}

/** Falls only if the database was replaced by one that lacks its last changes, by a failover or a restore. */
async function readLastSeq({ db }: Connection): Promise<number> {
  const row = await db.selectFrom('revocation_sequence').select('value').executeTakeFirst()
  return Number(row?.value ?? 0)
}

const toRowId = ({ id, epoch, isLifted }: Revocation) =>
  (epoch !== undefined ? EPOCH_PREFIX : isLifted ? LIFT_PREFIX : '') + id

/** Counts the revocations of what came from something, such as access tokens, of one organisation or of all. */
export function countDerivedRevocations(
  connection: Connection,
  now: number,
  orgId?: string,
): Promise<number> {
  const query = selectCount(connection, now)
  return readCount(
    orgId === undefined ? query.where('org_id', 'is not', null) : query.where('org_id', '=', orgId),
  )
}

/** Counts all others: of API tokens, accounts and keys, the epochs, and what was lifted. */
export function countOtherRevocations(connection: Connection, now: number): Promise<number> {
  return readCount(selectCount(connection, now).where('org_id', 'is', null))
}

/** The organisations with revocations of what came from something, the one with the most first. */
export async function listRevokingOrganisations(
  connection: Connection,
  now: number,
): Promise<readonly { readonly orgId: string; readonly count: number }[]> {
  const rows = await selectCount(connection, now)
    .select('org_id')
    .where('org_id', 'is not', null)
    .groupBy('org_id')
    .orderBy('count', 'desc')
    .execute()
  return rows.map(({ org_id, count }) => ({ orgId: org_id ?? '', count: Number(count) }))
}

/** What ended before then refuses no token any more; epoch ms. */
export function getOldestEnd(connection: Connection, now: number): RawBuilder<number> {
  return sql<number>`${getEarlierNow(connection, now)} - ${sql.lit(MARGIN)}`
}

function selectCount({ db }: Connection, now: number) {
  return db
    .selectFrom('revocation')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('expires_at', '>', getOldestEnd({ db }, now))
}

async function readCount(query: ReturnType<typeof selectCount>): Promise<number> {
  return Number((await query.executeTakeFirstOrThrow()).count)
}

import { setTimeout as wait } from 'node:timers/promises'
import { isOutage, StoreUnavailableError } from './errors.ts'
import type { DataVersion, Store } from './open.ts'
import { getOwnWrites } from './own-writes.ts'

/** Longest time, in ms, for which a change by another process may go unnoticed. */
const MAX_STALENESS = 250
/** How long a tile waits for the database, before it is served by what was known a moment ago; ms. */
export const TILE_PATIENCE = 400
/**
 * How old, in ms, that may be while a database is merely slow: it can be reached, so that what is revoked
 * must be refused within 2 s.
 */
export const RECENT = 1_500

/**
 * What an answer may rest on: `current`, what the store says now; `known`, what it said a while ago, while
 * it is away. Only tiles are served by what is known, and only for as long as the store allows it.
 */
export type Basis = 'current' | 'known'

/** Keeps something that was loaded from the store up to date. */
export interface Watch {
  /** Is what was loaded good enough? It answers without waiting. */
  isCurrent(basis?: Basis): boolean
  /** Loads what has changed. Concurrent callers share one load. @throws what loading throws */
  update(basis?: Basis): Promise<void>
  /** Loads in any case. */
  reload(): Promise<void>
}

/**
 * Watches a store for changes by any process. It looks when it is asked, at most every 250 ms, instead
 * of on a timer: an idle server does nothing, and a stalled one cannot fall behind.
 *
 * @param load Called for the first time by the first `update`. Its argument tells whether what was loaded
 *   before still holds as far as nothing has been added: after an outage another server may have taken the
 *   place of the database, without the last of its changes.
 */
export function createWatch(store: Store, load: (isContinuous: boolean) => Promise<void>): Watch {
  let version: string | undefined
  let server: string | undefined
  let checkedAt = Number.NEGATIVE_INFINITY
  let isAway = false
  /** Does the database take longer than tiles wait? */
  let isLate = false
  let checking: Promise<void> | undefined
  let loading: Promise<void> | undefined

  // Both change with every write that they stand for, and the second one only grows.
  const toVersion = (data: DataVersion) =>
    `${data.server}/${data.state}/${getOwnWrites(store).count}`

  const isUnchanged = () => {
    try {
      const data = store.peekDataVersion?.()
      return data !== undefined && toVersion(data) === version
    } catch {
      // The load that follows fails as well, and says why.
      return false
    }
  }

  // Monotonic: setting the clock back must not prolong the time.
  const getAge = () => performance.now() - checkedAt
  /** May tiles be served by what is known? While the database can be reached, for a moment only. */
  const isKnownEnough = () => {
    const longest = isAway ? store.knownFor : isLate ? Math.min(RECENT, store.knownFor) : 0
    return getAge() < longest
  }

  const isCurrent = (basis: Basis = 'current') => {
    if (loading) return basis === 'known' && isKnownEnough()
    const at = performance.now()
    if (at - checkedAt < MAX_STALENESS) return true
    if (isUnchanged()) {
      checkedAt = at
      return true
    }
    if (basis !== 'known' || !isKnownEnough()) return false
    // Nobody waits for it: what it finds counts for the next one.
    check().catch(() => undefined)
    return true
  }

  const loadOnce = async () => {
    const startedAt = performance.now()
    const seen = await store.readDataVersion()
    const seenVersion = toVersion(seen)
    await load(version !== undefined && seen.server === server)
    version = seenVersion
    server = seen.server
    checkedAt = startedAt
  }

  const noteOutcome = async (run: Promise<void>) => {
    try {
      await run
      isAway = false
    } catch (error) {
      isAway = isOutage(error)
      version = undefined
      throw error
    } finally {
      isLate = false
    }
  }

  const reload = () => {
    loading ??= noteOutcome(loadOnce()).finally(() => {
      loading = undefined
    })
    return loading
  }

  const checkOnce = async () => {
    const startedAt = performance.now()
    const seen = toVersion(await store.readDataVersion())
    if (seen !== version) return reload()
    checkedAt = startedAt
  }

  /** Loads only if anything has changed. */
  const check = () => {
    if (loading || store.peekDataVersion) return reload()
    checking ??= noteOutcome(checkOnce()).finally(() => {
      checking = undefined
    })
    return checking
  }

  return {
    isCurrent,
    update: async (basis = 'current') => {
      if (isCurrent(basis)) return
      const checked = check()
      if (basis === 'current' || getAge() >= store.knownFor) return checked
      // A database that hangs must not make tiles hang.
      const late = new AbortController()
      await Promise.race([
        checked.catch(tolerateOutage),
        wait(TILE_PATIENCE, undefined, { signal: late.signal }).then(
          () => {
            isLate = true
            if (!isKnownEnough()) return checked.catch(tolerateOutage)
          },
          () => undefined,
        ),
      ])
      late.abort()
      if (!isKnownEnough()) return checked
    },
    reload,
  }
}

/** Whatever else goes wrong is a fault, which nothing must hide. */
function tolerateOutage(error: unknown): void {
  if (!(error instanceof StoreUnavailableError)) throw error
}

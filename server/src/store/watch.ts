import type { Store } from './open.ts'
import { getOwnWrites } from './own-writes.ts'

/** Longest time, in ms, for which a change by another process may go unnoticed. */
const MAX_STALENESS = 250

/** Keeps something that was loaded from the store up to date. */
export interface Watch {
  /** Is what was loaded known to be current? It answers without waiting. */
  isCurrent(): boolean
  /** Loads what has changed. Concurrent callers share one load. @throws what loading throws */
  update(): Promise<void>
  /** Loads in any case. */
  reload(): Promise<void>
}

/**
 * Watches a store for changes by any process. It looks when it is asked, at most every 250 ms, instead
 * of on a timer: an idle server does nothing, and a stalled one cannot fall behind.
 *
 * @param load Called for the first time by the first `update`.
 */
export function createWatch(store: Store, load: () => Promise<void>): Watch {
  let version: number | undefined
  let checkedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  // Both numbers only grow, so their sum shows a change of either.
  const readVersion = () => store.readDataVersion() + getOwnWrites(store).count

  const isUnchanged = () => {
    try {
      return readVersion() === version
    } catch {
      // The load that follows fails as well, and says why.
      return false
    }
  }

  const isCurrent = () => {
    if (loading) return false
    // Monotonic: setting the clock back must not prolong the quarter of a second.
    const at = performance.now()
    if (at - checkedAt < MAX_STALENESS) return true
    if (!isUnchanged()) return false
    checkedAt = at
    return true
  }

  const loadOnce = async () => {
    const startedAt = performance.now()
    const seen = readVersion()
    await load()
    version = seen
    checkedAt = startedAt
  }

  const reload = () => {
    loading ??= loadOnce().finally(() => {
      loading = undefined
    })
    return loading
  }

  return { isCurrent, update: async () => (isCurrent() ? undefined : reload()), reload }
}

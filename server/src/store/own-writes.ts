import type { Store } from './open.ts'

/**
 * The writes of this process that its own views must notice: the data version of SQLite changes only
 * with the writes of other connections.
 */
export interface OwnWrites {
  /** Number of changes that every view must load. */
  count: number
  /** Ids that this process has revoked, with the end of what they refuse: epoch ms. */
  readonly revoked: Map<string, number>
  /** Epochs that this process has raised: epoch ms by id. */
  readonly epochs: Map<string, number>
}

const byStore = new WeakMap<Store, OwnWrites>()

/** The writes of this process to an open store. For `store/` only: others write with `applyChange`. */
export function getOwnWrites(store: Store): OwnWrites {
  let writes = byStore.get(store)
  if (!writes) {
    writes = { count: 0, revoked: new Map(), epochs: new Map() }
    byStore.set(store, writes)
  }
  return writes
}

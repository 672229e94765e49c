import type { Store } from './open.ts'

/**
 * The writes of this process that its own views must notice: the data version of SQLite changes only
 * with the writes of other connections.
 */
export interface OwnWrites {
  /** Number of changes that every view must load. */
  count: number
  /** Ids that this process has revoked. */
  readonly revoked: Map<string, OwnRevocation>
  /** Epochs that this process has raised: epoch ms by id. */
  readonly epochs: Map<string, number>
}

/** A revocation that this process has written. */
export interface OwnRevocation {
  /** The end of what it refuses; epoch ms. */
  readonly until: number
  /** Position in the order of all revocations: another process may take back only what came before. */
  readonly seq: number
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

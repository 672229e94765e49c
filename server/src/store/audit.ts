import type { Store } from './open.ts'

/** An entry of the audit trail. */
export interface AuditEntry {
  readonly id: number
  /** Epoch ms. */
  readonly at: number
  /** Id of the token or session's user that asked for it, or `cli`. */
  readonly actor: string
  readonly action: string
  readonly target: string
}

/** Which part of the audit trail to read. */
export interface AuditQuery {
  readonly limit: number
  /** Only entries older than the one of this id. */
  readonly before?: number | undefined
}

/** Writes an entry; it is on disk when this resolves. */
export async function addAuditEntry(store: Store, entry: Omit<AuditEntry, 'id'>): Promise<void> {
  await store.db.insertInto('audit').values(entry).execute()
}

/** Entries, the newest first. */
export async function listAuditEntries(
  store: Store,
  { limit, before }: AuditQuery,
): Promise<readonly AuditEntry[]> {
  let query = store.db.selectFrom('audit').selectAll()
  if (before !== undefined) query = query.where('id', '<', before)
  return query.orderBy('id', 'desc').limit(limit).execute()
}

import { applyChange, type Change } from './changes.ts'
import type { Connection, Store } from './open.ts'

/** An entry of the audit trail. */
export interface AuditEntry {
  readonly id: number
  /** Epoch ms. */
  readonly at: number
  /** Id of the token, or of the user of the session, that made the change; `cli` for the command line. */
  readonly actor: string
  readonly action: string
  readonly target: string
}

/** Which part of the audit trail to read. */
export interface AuditQuery {
  readonly limit: number
  /** Only entries older than the one with this id. */
  readonly before?: number | undefined
}

/**
 * Makes a change and its audit entry in one transaction, the entry first: neither exists without the
 * other. If `run` throws, because there is nothing to change or for any other reason, both are undone.
 *
 * Mint and hash before: `run` must query through the change alone (see {@link applyChange}).
 */
export async function audited<T>(
  store: Store,
  entry: Omit<AuditEntry, 'id'>,
  run: (change: Change) => Promise<T>,
): Promise<T> {
  return applyChange(store, async (change) => {
    await recordAudit(change, entry)
    return run(change)
  })
}

/** Adds an entry to a change that is audited already: for what the change caused besides. */
export async function recordAudit({ db }: Change, entry: Omit<AuditEntry, 'id'>): Promise<void> {
  await db.insertInto('audit').values(entry).execute()
}

/** Lists entries, the newest first. */
export async function listAuditEntries(
  { db }: Connection,
  { limit, before }: AuditQuery,
): Promise<readonly AuditEntry[]> {
  let query = db.selectFrom('audit').selectAll()
  if (before !== undefined) query = query.where('id', '<', before)
  return query.orderBy('id', 'desc').limit(limit).execute()
}

import { sql } from 'kysely'
import type { Sender } from '../http/sender.ts'
import { applyChange, type Change } from './changes.ts'
import type { Connection, Store } from './open.ts'

/** An event of the audit trail that is to be written. It never holds a secret. */
export interface NewAuditEntry {
  /** Epoch ms. */
  readonly at: number
  /**
   * Id of the token that did it, or `usr_` and the name of the account; `cli` for the command line,
   * `broker` for the broker itself, `anonymous` for a client without a valid credential.
   */
  readonly actor: string
  /** As in `token.create`. */
  readonly action: string
  /** What it was done to: an id or a name. */
  readonly target: string
  /** More about the event in a few words, as in `logout` for the end of a session. */
  readonly detail?: string
  /** The request that did it; absent for the command line and the broker itself. */
  readonly sender?: Sender | undefined
}

/** An entry of the audit trail. */
export interface AuditEntry extends Required<Omit<NewAuditEntry, 'sender'>> {
  readonly id: number
  readonly sender: Sender | undefined
  /** How often it happened: more than once only for entries that count the events of a minute. */
  readonly count: number
}

/** Which part of the audit trail to read. */
export interface AuditQuery {
  readonly limit: number
  /** Only entries older than the one with this id. */
  readonly before?: number | undefined
  /** Only entries of this instant or later, in epoch ms. */
  readonly since?: number | undefined
  readonly actor?: string | undefined
  /** An action, or the part before its dot: `token` finds `token.create` and `token.revoke`. */
  readonly action?: string | undefined
}

/** A change that an audit entry explains. */
export interface AuditedChange extends Change {
  /** Adds an entry for something else that the same actor does by this change. */
  audit(entry: Pick<NewAuditEntry, 'action' | 'target' | 'detail'>): Promise<void>
}

/**
 * Makes a change and its audit entry in one transaction, the entry first: neither exists without the
 * other. If `run` throws, because there is nothing to change or for any other reason, both are undone.
 *
 * Mint and hash before: `run` must query through the change alone (see {@link applyChange}).
 *
 * @param add Writes the entry; {@link countAuditEntry} for a change that a client can repeat.
 */
export async function audited<T>(
  store: Store,
  entry: NewAuditEntry,
  run: (change: AuditedChange) => Promise<T>,
  add: (connection: Connection, entry: NewAuditEntry) => Promise<void> = addAuditEntry,
): Promise<T> {
  const { at, actor, sender } = entry
  return applyChange(store, async (change) => {
    await add(change, entry)
    return run({
      ...change,
      audit: (more) => addAuditEntry(change, { at, actor, sender, ...more }),
    })
  })
}

/** Adds an entry. Where it explains a change, it must be part of that change: see {@link audited}. */
export async function addAuditEntry({ db }: Connection, entry: NewAuditEntry): Promise<void> {
  await db.insertInto('audit').values(toRow(entry)).execute()
}

const MINUTE = 60_000

/**
 * Counts an event: events of the same minute that differ in nothing but the request share the entry of
 * the first one. This bounds what a client can write by repeating a request.
 */
export async function countAuditEntry(
  { db }: Connection,
  entry: NewAuditEntry,
  count = 1,
): Promise<void> {
  await db
    .insertInto('audit')
    .values({ ...toRow(entry), count, minute: Math.floor(entry.at / MINUTE) })
    .onConflict((conflict) =>
      conflict
        .columns(['minute', 'actor', 'action', 'target', 'detail', 'address'])
        .doUpdateSet({ count: sql`audit.count + excluded.count` }),
    )
    .execute()
}

/** Lists entries, the newest first. */
export async function listAuditEntries(
  { db }: Connection,
  { limit, before, since, actor, action }: AuditQuery,
): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? 0))
    .$if(since !== undefined, (query) => query.where('at', '>=', since ?? 0))
    .$if(actor !== undefined, (query) => query.where('actor', '=', actor ?? ''))
    .$if(action !== undefined, (query) =>
      query.where((where) =>
        // The character after the dot bounds everything that begins with the action and a dot.
        where.or([
          where('action', '=', action ?? ''),
          where.and([where('action', '>', `${action}.`), where('action', '<', `${action}/`)]),
        ]),
      ),
    )
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ request_id, address, minute: _, ...row }) => ({
    ...row,
    sender: request_id === '' ? undefined : { requestId: request_id, address },
  }))
}

function toRow({ at, actor, action, target, detail = '', sender }: NewAuditEntry) {
  const { requestId = '', address = '' } = sender ?? {}
  return { at, actor, action, target, detail, request_id: requestId, address }
}

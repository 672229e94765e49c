import { createHash } from 'node:crypto'
import { toRevocationKey } from '@tilepass/guard/broker'
import type { Store } from '../../store/open.ts'
import { listRevocations, type Revocation } from '../../store/revocations.ts'

/** For how long an answer is reused, in ms: many guards cost one query. */
const KEPT = 250
/** How often everything is read again, which also drops what has expired; ms. */
const WHOLE_EVERY = 300_000
/**
 * A cursor reads this many positions again, so that a revocation that was committed late, after ones
 * with a higher position, is not missed. A guard may get the same one twice.
 */
const OVERLAP = 100
/**
 * Most revocations that are listed after a cursor. After an older one comes the whole document, which is
 * kept ready: anyone can ask, and writing thousands of entries for each request would take the server.
 */
const MOST_NEW = 1_000

/** A revocation as it is published. */
interface Entry extends Revocation {
  /** A hash of the id. */
  readonly key: string
}

/** The document that guards read. */
export interface RevocationFeed {
  /** @param since A cursor; without it, or with an unknown or old one, the document holds everything. */
  read(since?: string): Promise<{ readonly body: Buffer; readonly etag: string }>
}

/** Creates the feed. It reads only what is new from the store, and keeps the whole document as bytes. */
export function createRevocationFeed(store: Store, now: () => number): RevocationFeed {
  /** By id and kind, in their order. */
  let entries = new Map<string, Entry>()
  let whole = toDocument({}, [], 0)
  /** The latest entries, and the last position of an entry that is not among them. */
  let recent: readonly Entry[] = []
  let olderUntil = Number.NEGATIVE_INFINITY
  let last = 0
  let wholeAt: number | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  const addKey = async (row: Revocation): Promise<Entry> => ({
    ...row,
    key: entries.get(nameOf(row))?.key ?? (await toRevocationKey(row.id)),
  })

  async function load(): Promise<void> {
    const at = now()
    const isWhole = wholeAt === undefined || Math.abs(at - wholeAt) >= WHOLE_EVERY
    const list = await listRevocations(store, at, isWhole ? undefined : last - OVERLAP)
    const news = isWhole ? list : list.filter((row) => entries.get(nameOf(row))?.seq !== row.seq)
    if (!isWhole && news.length === 0) return
    const added = await Promise.all(news.map(addKey))
    if (isWhole) {
      entries = new Map()
      wholeAt = at
    }
    for (const entry of added) {
      // To the end of the order. A lifted revocation is gone, and the other way around.
      if (entry.epoch === undefined) entries.delete(nameOf({ ...entry, isLifted: !entry.isLifted }))
      entries.delete(nameOf(entry))
      entries.set(nameOf(entry), entry)
      last = Math.max(last, entry.seq)
    }
    whole = toDocument({}, entries.values(), last)
    const all = [...entries.values()]
    recent = all.slice(-MOST_NEW)
    olderUntil = all
      .slice(0, -MOST_NEW)
      .reduce((most, { seq }) => Math.max(most, seq), Number.NEGATIVE_INFINITY)
  }

  async function refresh(): Promise<void> {
    if (reading) return reading
    if (Math.abs(now() - readAt) < KEPT) return
    reading = load()
      .then(() => {
        readAt = now()
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  return {
    async read(since) {
      await refresh()
      const after = since === undefined ? undefined : parseCursor(since)
      const isKnown = after !== undefined && after <= last
      if (!isKnown || after - OVERLAP < olderUntil) return whole
      const news = recent.filter(({ seq }) => seq > after - OVERLAP)
      return toDocument({ since }, news, last)
    },
  }
}

function toDocument(
  head: { readonly since?: string | undefined },
  entries: Iterable<Entry>,
  last: number,
) {
  const revoked: string[] = []
  const lifted: string[] = []
  const epochs: Record<string, number> = {}
  for (const { key, epoch, isLifted } of entries) {
    if (isLifted) lifted.push(key)
    else if (epoch === undefined) revoked.push(key)
    else epochs[key] = epoch
  }
  // A whole document says what is revoked, so it need not say what no longer is.
  const news = head.since === undefined ? {} : { lifted }
  const document = { ...head, cursor: formatCursor(last), revoked, epochs, ...news }
  const body = Buffer.from(JSON.stringify(document))
  const hash = createHash('sha256').update(body).digest('base64url')
  return { body, etag: `"${hash.slice(0, 27)}"` }
}

const nameOf = ({ id, epoch, isLifted }: Revocation) =>
  `${epoch !== undefined ? 'epoch' : isLifted ? 'lifted' : 'revoked'} ${id}`

/** Readers must not read anything into a cursor, so it does not look like a number. */
const formatCursor = (seq: number) => `r${seq.toString(36)}`

function parseCursor(cursor: string): number | undefined {
  const digits = /^r([0-9a-z]{1,10})$/.exec(cursor)?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 36)
}

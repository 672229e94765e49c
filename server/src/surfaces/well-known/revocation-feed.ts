import { hash } from 'node:crypto'
import type { Revocation, RevocationList, Revocations } from '../../store/revocations.ts'

/**
 * A cursor reads this many positions again, so that a revocation that was committed late, after ones
 * with a higher position, is not missed. A guard may get the same one twice.
 */
const OVERLAP = 100
/**
 * Most revocations that are listed after a cursor. After an older one comes the whole document, which is
 * made once: anyone can ask, and writing thousands of entries for each request would take the server.
 */
const MOST_NEW = 1_000

interface Document {
  readonly body: Buffer
  readonly etag: string
}

/** The document that guards read. */
export interface RevocationFeed {
  /** @param since A cursor; without it, or with an unknown or old one, the document holds everything. */
  read(since?: string): Promise<Document>
}

/** Creates the feed. It makes the whole document when one is asked for, once for each list. */
export function createRevocationFeed(revocations: Pick<Revocations, 'list'>): RevocationFeed {
  const wholes = new WeakMap<RevocationList, Document>()
  return {
    async read(since) {
      const list = await revocations.list()
      const news = since === undefined ? undefined : findNews(list, since)
      if (news) return toDocument({ since }, news, list.last)
      const whole = wholes.get(list) ?? toDocument({}, list.entries, list.last)
      wholes.set(list, whole)
      return whole
    },
  }
}

/** The entries after a cursor; `undefined` if it is unknown or old. */
function findNews({ entries, last }: RevocationList, since: string) {
  const after = parseCursor(since)
  if (after === undefined || after > last) return
  const isNew = ({ seq }: Revocation) => seq > after - OVERLAP
  const older = entries.at(-MOST_NEW - 1)
  return older && isNew(older) ? undefined : entries.slice(-MOST_NEW).filter(isNew)
}

function toDocument(
  head: { readonly since?: string | undefined },
  entries: readonly Revocation[],
  last: number,
): Document {
  const revoked: string[] = []
  const lifted: string[] = []
  const epochs: Record<string, number> = {}
  for (const entry of entries) {
    const key = toKey(entry)
    if (entry.isLifted) lifted.push(key)
    else if (entry.epoch === undefined) revoked.push(key)
    else epochs[key] = entry.epoch
  }
  // A whole document says what is revoked, so it need not say what no longer is.
  const news = head.since === undefined ? {} : { lifted }
  const document = { ...head, cursor: formatCursor(last), revoked, epochs, ...news }
  const body = Buffer.from(JSON.stringify(document))
  return { body, etag: `"${sha256(body).slice(0, 27)}"` }
}

const keys = new WeakMap<Revocation, string>()

/** What `toRevocationKey` of the guard makes of the id, without waiting: 50,000 waits take seconds. */
function toKey(entry: Revocation): string {
  const key = keys.get(entry) ?? sha256(entry.id).slice(0, 22)
  keys.set(entry, key)
  return key
}

const sha256 = (data: string | Buffer) => hash('sha256', data, 'base64url')

/** Readers must not read anything into a cursor, so it does not look like a number. */
const formatCursor = (seq: number) => `r${seq.toString(36)}`

function parseCursor(cursor: string): number | undefined {
  const digits = /^r([0-9a-z]{1,10})$/.exec(cursor)?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 36)
}

import { RevocationsUnavailableError } from '../errors.ts'
import { type FetchAccess, fetchJson } from '../keys/fetch-json.ts'
import type { Job, WaitUntil } from '../keys/single-flight.ts'
import { isRecord } from '../options/is-record.ts'
import type { TokenClaims } from './claims.ts'
import type { RevocationFeed } from './revocation-check.ts'
import { hashText } from './sha256.ts'

/** The content of a feed, by revocation key. */
interface Revocations {
  readonly revoked: Set<string>
  /** Epoch ms; access tokens issued earlier are refused. */
  readonly epochs: Map<string, number>
  /** For an answer that holds only what came later. */
  readonly cursor: string | undefined
  /** In such an answer: what is no longer revoked. */
  readonly lifted: readonly string[]
  /** The cursor that was sent, if this is such an answer. */
  readonly since: string | undefined
}

/** Age, in ms, at which the feed is fetched again in the background. */
const REFRESH_AFTER = 2_000
/** Age, in ms, at which a request waits for the feed. */
const WAIT_AFTER = 5_000
/** Age, in ms, at which the feed is too old to rely on. */
const MAX_AGE = 60_000
/** Age, in ms, at which the whole feed is fetched, which also forgets what has expired. */
const WHOLE_EVERY = 600_000
/** Shortest time between two fetches, in ms. */
const COOL_DOWN = 1_000
const MAX_BYTES = 4_194_304
/** Longest wait of a request, in ms: the last known feed is better than a hole in the map. */
const MAX_WAIT = 2_000

/** Resolves to the key under which an id is published. A hash, so that the feed reveals no id. */
export async function toRevocationKey(id: string): Promise<string> {
  return (await hashText(id)).slice(0, 22)
}

/** The id under which a signing key is revoked: no token has such an id. */
export function toKeyRevocationId(keyId: string): string {
  return `kid:${keyId}`
}

/**
 * Creates a check that reads an issuer's revocation feed. The feed is fetched only while tokens are
 * verified: an idle guard fetches nothing, and its next request waits for the feed.
 *
 * @throws {@link RevocationsUnavailableError} from the check if the feed is too old: it fails closed.
 */
export function createRevocationFeed(
  url: URL,
  { fetch, timeout, createFlight, now }: FetchAccess & { readonly now: () => number },
): RevocationFeed {
  let known: Revocations | undefined
  let knownAt = Number.NEGATIVE_INFINITY
  let wholeAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  const flight = createFlight()
  const keysOf = new WeakMap<TokenClaims, readonly string[]>()
  const access = { fetch, timeout: Math.min(timeout, MAX_WAIT) }

  const refresh: Job = async (isLost) => {
    const sentAt = now()
    if (Math.abs(sentAt - attemptedAt) < COOL_DOWN) return
    const since = Math.abs(sentAt - wholeAt) < WHOLE_EVERY ? known?.cursor : undefined
    try {
      const answer = parseFeed(await fetchJson(withSince(url, since), access, MAX_BYTES))
      if (isLost()) return
      // An older broker ignores the cursor.
      if (known && since !== undefined && answer.since === since) known = merge(known, answer)
      else {
        known = answer
        wholeAt = sentAt
      }
      knownAt = sentAt
      failure = undefined
    } catch (error) {
      failure = error
    }
    // Not before: a fetch that is lost with the request that started it is no attempt.
    attemptedAt = sentAt
  }

  const loadKeys = async (claims: TokenClaims, keyId: string): Promise<readonly string[]> => {
    const loaded = keysOf.get(claims)
    if (loaded) return loaded
    const own = [claims.sub, claims.parent, claims.org_id, claims.sid]
    const ids = [...own, toKeyRevocationId(keyId)].filter((id) => id !== undefined)
    const keys = await Promise.all(ids.map(toRevocationKey))
    keysOf.set(claims, keys)
    return keys
  }

  // A clock that was set back must not make an old feed look fresh.
  const isYoungerThan = (age: number) => now() >= knownAt && now() - knownAt < age

  const peek: RevocationFeed['peek'] = (claims, _keyId, waitUntil) => {
    const keys = keysOf.get(claims)
    if (!keys || !known || !isYoungerThan(WAIT_AFTER)) return
    if (!isYoungerThan(REFRESH_AFTER) && !flight.runBehind(refresh, waitUntil)) return
    return isListed(known, keys, claims)
  }

  const isRevoked = async (claims: TokenClaims, keyId: string, waitUntil?: WaitUntil) => {
    const keys = await loadKeys(claims, keyId)
    const answer = peek(claims, keyId, waitUntil)
    if (answer !== undefined) return answer
    // After a failed fetch, requests do not wait for the next one while the last feed still counts.
    const canWait = failure === undefined || !known || !isYoungerThan(MAX_AGE)
    if (canWait || !flight.runBehind(refresh, waitUntil)) await flight.run(refresh, waitUntil)
    if (!known || !isYoungerThan(MAX_AGE)) throw new RevocationsUnavailableError({ cause: failure })
    return isListed(known, keys, claims)
  }

  return Object.assign(isRevoked, { peek })
}

/** Does the feed refuse the token with these revocation keys? */
function isListed(
  { revoked, epochs }: Revocations,
  keys: readonly string[],
  { parent, iat = 0 }: TokenClaims,
): boolean {
  if (keys.some((key) => revoked.has(key))) return true
  const isAccessToken = parent !== undefined
  return isAccessToken && keys.some((key) => iat * 1000 < (epochs.get(key) ?? 0))
}

function withSince(url: URL, since: string | undefined): URL {
  if (since === undefined) return url
  const changed = new URL(url)
  changed.searchParams.set('since', since)
  return changed
}

/** Adds what is new; the sets are the guard's own. */
function merge({ revoked, epochs }: Revocations, news: Revocations): Revocations {
  for (const key of news.lifted) revoked.delete(key)
  for (const key of news.revoked) revoked.add(key)
  for (const [key, at] of news.epochs) epochs.set(key, Math.max(at, epochs.get(key) ?? 0))
  return { ...news, revoked, epochs }
}

const toText = (value: unknown) => (typeof value === 'string' ? value : undefined)

function parseFeed(body: unknown): Revocations {
  if (!isRecord(body)) throw new TypeError('not a revocation feed')
  const { revoked, epochs, cursor, since, lifted } = body
  if (!Array.isArray(revoked) || !isRecord(epochs)) throw new TypeError('not a revocation feed')
  if (!revoked.every((key) => typeof key === 'string'))
    throw new TypeError('revocation keys must be strings')
  return {
    revoked: new Set(revoked),
    epochs: new Map(
      Object.entries(epochs).map(([key, at]) => {
        if (typeof at !== 'number') throw new TypeError('epochs must be numbers')
        return [key, at]
      }),
    ),
    cursor: toText(cursor),
    lifted: Array.isArray(lifted) ? lifted.filter((key) => typeof key === 'string') : [],
    since: toText(since),
  }
}

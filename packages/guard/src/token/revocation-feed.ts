import { hash } from 'node:crypto'
import { RevocationsUnavailableError } from '../errors.ts'
import { type FetchAccess, fetchJson } from '../keys/fetch-json.ts'
import { isRecord } from '../options/is-record.ts'
import type { TokenClaims } from './claims.ts'

/** What an issuer has called back, as it publishes it. */
export interface RevocationFeed {
  /** Is the token revoked? `undefined` if that must be asked first. */
  peek(claims: TokenClaims): boolean | undefined
  /** @throws {@link RevocationsUnavailableError} if nobody has known for a minute: fail closed. */
  isRevoked(claims: TokenClaims): Promise<boolean>
}

/** Keys of ids, and for some the instant (epoch ms) before which access tokens are refused. */
interface Known {
  readonly revoked: ReadonlySet<string>
  readonly epochs: ReadonlyMap<string, number>
}

/** Age, in ms, at which the feed is asked again behind the answer. */
const REFRESH_AFTER = 2_000
/** Age at which a request waits for the feed. */
const WAIT_AFTER = 5_000
/** Age at which nothing is decided on it any more. */
const MAX_AGE = 60_000
/** Shortest time between two fetches. */
const COOL_DOWN = 1_000
const MAX_BYTES = 4_194_304
/** A request does not wait longer: what was known is better than a hole in the map. */
const MAX_WAIT = 2_000

/** Under which an id is published: whoever reads the feed learns no id from it. */
export function toRevocationKey(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, 22)
}

/**
 * Creates the view of a feed. It is asked only while tokens are verified: an idle guard asks nothing,
 * and its first request waits for the news.
 */
export function createRevocationFeed(
  url: URL,
  { fetch, timeout, now }: FetchAccess & { readonly now: () => number },
): RevocationFeed {
  let known: Known | undefined
  let knownAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let inFlight: Promise<void> | undefined
  const keysOf = new WeakMap<TokenClaims, readonly string[]>()
  const access = { fetch, timeout: Math.min(timeout, MAX_WAIT) }

  const refresh = (): Promise<void> => {
    if (inFlight) return inFlight
    const sentAt = now()
    if (Math.abs(sentAt - attemptedAt) < COOL_DOWN) return Promise.resolve()
    attemptedAt = sentAt
    inFlight = fetchJson(url, access, MAX_BYTES)
      .then((body) => {
        known = parseFeed(body)
        knownAt = sentAt
        failure = undefined
      })
      .catch((error: unknown) => {
        failure = error
      })
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }

  const decide = ({ revoked, epochs }: Known, claims: TokenClaims): boolean => {
    let keys = keysOf.get(claims)
    if (!keys) {
      const ids = [claims.sub, claims.parent, claims.org_id]
      keys = ids.flatMap((id) => (id === undefined ? [] : [toRevocationKey(id)]))
      keysOf.set(claims, keys)
    }
    if (keys.some((key) => revoked.has(key))) return true
    const isShortLived = claims.parent !== undefined
    return isShortLived && keys.some((key) => claims.iat * 1000 < (epochs.get(key) ?? 0))
  }

  // A clock that was set back must not make old news look fresh.
  const isYoungerThan = (age: number) => now() >= knownAt && now() - knownAt < age

  const peek = (claims: TokenClaims) => {
    if (!known || !isYoungerThan(WAIT_AFTER)) return
    if (!isYoungerThan(REFRESH_AFTER)) void refresh()
    return decide(known, claims)
  }

  return {
    peek,
    isRevoked: async (claims) => {
      const answer = peek(claims)
      if (answer !== undefined) return answer
      const asking = refresh()
      // A feed that gave no news last time is not waited for while what is known may still count.
      if (failure === undefined || !known || !isYoungerThan(MAX_AGE)) await asking
      if (!known || !isYoungerThan(MAX_AGE))
        throw new RevocationsUnavailableError({ cause: failure })
      return decide(known, claims)
    },
  }
}

function parseFeed(body: unknown): Known {
  if (!isRecord(body)) throw new TypeError('not a revocation feed')
  const { revoked, epochs } = body
  if (!Array.isArray(revoked) || !isRecord(epochs)) throw new TypeError('not a revocation feed')
  if (!revoked.every((key) => typeof key === 'string')) throw new TypeError('a key is no string')
  return {
    revoked: new Set(revoked),
    epochs: new Map(
      Object.entries(epochs).map(([key, at]) => {
        if (typeof at !== 'number') throw new TypeError('an epoch is no number')
        return [key, at]
      }),
    ),
  }
}

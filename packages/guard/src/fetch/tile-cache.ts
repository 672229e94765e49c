import type { WaitUntil } from '../keys/single-flight.ts'
import { functionRule, hasMethod, type OptionRules } from '../options/option-rules.ts'
import type { TokenClaims } from '../token/claims.ts'
import { fromStoredCopy, toStoredCopy } from './stored-copy.ts'

/** A cache for responses, such as `caches.default`: the part of the Cache API that is used. */
export interface TileStore {
  match(key: Request): Promise<Response | undefined>
  put(key: Request, copy: Response): Promise<unknown>
}

/** Settings of the cache behind a guard. */
export interface TileCacheOptions {
  /**
   * Where copies are kept. A function is called for each request, for `() => caches.open('tiles')`. Leave
   * it out where the origin itself is cached, such as an entrypoint with Workers Caching.
   */
  readonly store?: TileStore | (() => TileStore | Promise<TileStore>)
  /** How long a copy counts at the edge, in ms; at least a second. A 404 counts for a minute at most. */
  readonly lifetime: number
  /** Whatever else changes the bytes of a tile, such as `claims.org_id`. Requests with one key share copies. */
  readonly key?: (request: Request, claims: TokenClaims) => string
}

/** The rules for {@link TileCacheOptions}. */
export const TILE_CACHE_RULES: OptionRules<TileCacheOptions> = {
  store: {
    isValid: (value) =>
      typeof value === 'function' || (hasMethod(value, 'match') && hasMethod(value, 'put')),
    rule: 'must be a cache with "match" and "put", or a function that returns one',
  },
  lifetime: {
    isValid: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 1_000,
    rule: 'must be a number of ms, at least 1000',
    isRequired: true,
  },
  key: functionRule,
}

/**
 * Answers from the store, or from the origin, of whose answer a copy is stored. A store that fails stores
 * nothing, and fails no request.
 *
 * @param ask Asks the origin.
 */
export async function answerFromStore(
  { store, lifetime }: TileCacheOptions,
  key: Request,
  ask: () => Response | Promise<Response>,
  waitUntil: WaitUntil | undefined,
): Promise<Response> {
  const opened = typeof store === 'function' ? await store() : store
  if (!opened) return fromStoredCopy(await ask())
  const found = await opened.match(key).catch(() => undefined)
  if (found?.status === 200) return fromStoredCopy(found)
  const answer = await ask()
  const copy = toStoredCopy(answer, lifetime)
  if (!copy) return answer
  const sent = fromStoredCopy(new Response(answer.status === 200 ? answer.body : null, copy))
  const storing = opened.put(key, copy).catch(() => undefined)
  waitUntil?.(storing)
  return sent
}

import { UnknownResourceError } from '../errors.ts'
import { MethodNotPermittedError } from '../http/method.ts'
import { assertOptions } from '../options/option-rules.ts'
import type { CanonicalTarget } from '../tiles/canonical-path.ts'
import { findQueryParameters, formatQuery } from '../tiles/query.ts'
import { compileTileRules, type TileRule } from '../tiles/tile-rules.ts'
import { deferOptions, type FetchHandler, findWaitUntil, type OptionsOrFactory } from './guard.ts'
import { createCheck, type GuardOptions } from './request-check.ts'
import { answerFromStore, TILE_CACHE_RULES, type TileCacheOptions } from './tile-cache.ts'

/** Settings of {@link cachedGuard}: those of `guard`, of which `tiles` is required, and the cache. */
export type CachedGuardOptions = GuardOptions & {
  readonly tiles: TileRule | readonly TileRule[]
  readonly cache: TileCacheOptions
}

/** What requests must have in common, besides their URL, to share an answer. */
export interface Share {
  readonly issuer: string
  /** Empty if the rule names none. */
  readonly tileset: string
  /** The result of the cache's `key`; empty without one. */
  readonly key: string
}

/** A host that no client can reach: nobody else can write to the keys of the cache, or ask for them. */
const HOST = 'https://tiles.invalid'

/**
 * Wraps an origin as `guard` does, with a cache between them: each request is judged, and those that pass
 * share one copy of each tile, whatever their tokens are.
 *
 * The origin gets a GET for the path and the parameters that the rule understood, sorted, on a host that
 * does not exist. Nothing else of the client reaches it, no header and no claim, so that it cannot answer
 * differently for anybody but by {@link Share}. Of answers to GET, 200, 204 and 404 are stored. What no rule
 * of `tiles` matches is 404, and methods other than GET and HEAD are 405.
 *
 * @throws `TypeError` or `RangeError` for invalid options; from the handler if a function made them.
 */
export function cachedGuard<Env = unknown, Context = unknown>(
  options: OptionsOrFactory<CachedGuardOptions, Env>,
  origin: (
    request: Request,
    env: Env,
    context: Context,
    share: Share,
  ) => Response | Promise<Response>,
): FetchHandler<Env, Context> {
  const create = deferOptions(options, createParts)
  return async (request, env, context) => {
    const { check, refuse, findTarget, findResource, cache } = create(env as Env)
    const waitUntil = findWaitUntil(context)
    const result = await check(request, { waitUntil })
    if (result.response) return result.response
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(new MethodNotPermittedError(), request)
    const target = findTarget(request)
    const resource = target && findResource(target)
    if (!resource) return refuse(new UnknownResourceError(), request)
    const share: Share = {
      issuer: result.claims.iss,
      tileset: resource.tileset ?? '',
      key: cache.key?.(request, result.claims) ?? '',
    }
    const path = toUnderstoodPath(target)
    const answer = await answerFromStore(
      cache,
      new Request(HOST + toPrefix(share) + path),
      () => origin(new Request(HOST + path), env as Env, context as Context, share),
      waitUntil,
    )
    const response = result.protect(answer)
    return request.method === 'HEAD' ? new Response(null, response) : response
  }
}

function createParts(options: CachedGuardOptions) {
  const { cache, ...guarded } = options
  const checked = createCheck('cachedGuard()', guarded as GuardOptions)
  assertOptions('cachedGuard()', cache, TILE_CACHE_RULES, 'cache')
  const rules = [options.tiles].flat()
  // An archive is read in ranges, which are no answers to store.
  if (rules.some((rule) => typeof rule === 'object' && 'archive' in rule))
    throw new TypeError('"tiles" of cachedGuard() must not have archives; serve them with guard()')
  return { ...checked, cache, findResource: compileTileRules(options.tiles) }
}

/** Path and query in their one spelling, as the rule understood them. */
function toUnderstoodPath({ rawPath, query }: CanonicalTarget): string {
  const path = rawPath.replace(/%[0-9a-f]{2}/gi, (octet) => octet.toUpperCase())
  const parameters = findQueryParameters(query) ?? []
  const sorted = [...parameters].sort((one, other) => (one.name < other.name ? -1 : 1))
  return sorted.length === 0 ? path : `${path}?${formatQuery(sorted)}`
}

/** Segments that hold any text; with `~`, none of them can be a dot segment. */
function toPrefix({ issuer, tileset, key }: Share): string {
  return [issuer, tileset, key].map((text) => `/~${encodeURIComponent(text)}`).join('')
}

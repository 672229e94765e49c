import { checkPrefixes, chooseManager, type Tokens } from './choose-manager.ts'
import { type Lost, recoverMap, type Sent } from './map-recovery.ts'
import type {
  AddProtocol,
  MapInternals,
  MapLike,
  RequestParameters,
  TransformRequest,
} from './maplibre-shapes.ts'
import { createWaitingProtocol } from './waiting-protocol.ts'

/** Options of {@link createMapAuthorizer}. */
export interface MapAuthorizerOptions {
  /** MapLibre's `addProtocol`, by which a request can wait for a token in every version. */
  readonly addProtocol: AddProtocol
  /**
   * A transform of your own. It runs first and must answer at once; the URL that it returns decides
   * about the token.
   */
  readonly transformRequest?: (url: string, type?: never) => RequestParameters | undefined
}

/** Attaches access tokens to the requests of MapLibre maps. */
export interface MapAuthorizer {
  /** For the map's option `transformRequest`. Always answers at once, with an object of its own. */
  transformRequest(url: string, type?: string): RequestParameters | undefined
  /**
   * Recovers what a server refuses to this map, and keeps its tokens fresh. Calling it again for the
   * same map does nothing more; it ends with the map.
   *
   * @returns Detaches.
   */
  attach(map: MapLike): () => void
  /** Detaches every map. The token managers stay as they are: they belong to whoever made them. */
  dispose(): void
}

/** Requests that are remembered, so that a late refusal can name its token. */
const MAX_REMEMBERED = 2000

/**
 * Style, Source, SpriteJSON, SpriteImage, Glyphs and Image: few, and MapLibre has no good way to ask
 * for them again, so they always go through the protocol that waits and replays.
 */
const WAITS_ALWAYS = /^[SGI]/
const VIDEO = /\.(?:mp4|m4v|webm|og[gv]|mov)(?:[?#]|$)/i

/**
 * Creates what a MapLibre map needs to load private resources: `transformRequest` for its constructor,
 * and `attach(map)` for recovery. One authorizer serves any number of maps.
 *
 * @param tokens One manager, or several: the longest prefix that covers a URL decides.
 * @throws TypeError without `addProtocol`, or when two managers allow the same prefix.
 */
export function createMapAuthorizer(
  tokens: Tokens | readonly Tokens[],
  options: MapAuthorizerOptions,
): MapAuthorizer {
  const { addProtocol, transformRequest: own } = options ?? {}
  if (typeof addProtocol !== 'function') {
    throw new TypeError('"addProtocol" must be the function of maplibre-gl')
  }
  const managers: readonly Tokens[] = 'authorize' in tokens ? [tokens] : tokens
  checkPrefixes(managers)
  const managerOf = (url: string) => chooseManager(managers, url)
  const sent: Sent = new Map()
  const attached = new Map<MapInternals, () => void>()
  /** Outlives an attachment, which in React may be renewed with every render. */
  const losses = new WeakMap<MapInternals, Lost>()
  const { wrap, unwrap } = createWaitingProtocol(addProtocol, managerOf, (error) => {
    // Missing glyphs cause no error event: MapLibre draws its own, and keeps them.
    if (!error.url.endsWith('#Glyphs')) return
    for (const map of attached.keys()) map.fire('error', { error })
  })
  let started = false

  function transformRequest(url: string, type = ''): RequestParameters | undefined {
    if (!started) {
      // The style and the worker load meanwhile; whoever needs the token reports that there is none.
      started = true
      for (const manager of managers) void manager.getToken().catch(() => {})
    }
    const request = (own as TransformRequest | undefined)?.(url, type)
    const given = request?.url ?? url
    const manager = managerOf(given)
    const headers = { ...request?.headers }
    if (!manager) return request && { ...request, headers }
    // A worker would resolve a relative URL against its own address.
    const target = new URL(given, document.baseURI).href
    const video = type === 'Source' && VIDEO.test(target)
    if (video || !WAITS_ALWAYS.test(type)) {
      const authorized = manager.authorize(target)
      // The protocol asks again; whatever becomes of this promise is told there.
      if (authorized instanceof Promise) authorized.catch(() => {})
      else if (authorized && !(video && authorized.headers.Authorization)) {
        sent.delete(authorized.url)
        sent.set(authorized.url, [authorized.token, performance.now()])
        if (sent.size > MAX_REMEMBERED) sent.delete(sent.keys().next().value as string)
        return {
          ...request,
          url: authorized.url,
          headers: { ...headers, ...authorized.headers },
        }
      }
    }
    if (!video) return { ...request, url: wrap(target, type), headers }
    const error = new TypeError(
      'A video needs "attach: { query }" or a cookie, and a token when it is added.',
    )
    for (const map of attached.keys()) map.fire('error', { error })
    return { ...request, url: given, headers }
  }

  return {
    transformRequest,
    attach(map: MapInternals) {
      const known = attached.get(map)
      if (known) return known
      const lost = losses.get(map) ?? new Map()
      losses.set(map, lost)
      const forget = () => attached.delete(map)
      const detach = recoverMap(map, managers, managerOf, unwrap, sent, lost, forget)
      attached.set(map, detach)
      return detach
    },
    dispose() {
      for (const detach of attached.values()) detach()
      sent.clear()
    },
  }
}

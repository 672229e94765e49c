import { findUrl, type Tokens } from '@tilepass/core'
import { assertDistinctPrefixes, findCoveredUrl } from './find-covered-url.ts'
import { type Postponed, recoverMap, type SentRequest } from './map-recovery.ts'
import type {
  AddProtocol,
  MapInternals,
  MapLike,
  RequestParameters,
  TransformRequest,
} from './maplibre-shapes.ts'
import { registerWaitingProtocol } from './waiting-protocol.ts'

/** Options of {@link createMapAuthorizer}. */
export interface MapAuthorizerOptions {
  /** MapLibre's `addProtocol`, through which requests can wait for a token in every version. */
  readonly addProtocol: AddProtocol
  /**
   * A custom transform. It runs first, and the URL that it returns decides about the token. It may return a
   * promise for http(s) URLs that are no video; such a request then loads on the main thread, in every version.
   */
  readonly transformRequest?: (
    url: string,
    type?: never,
  ) => RequestParameters | undefined | Promise<RequestParameters | undefined>
}

/** Attaches access tokens to the requests of MapLibre maps. */
export interface MapAuthorizer {
  /** For the map's option `transformRequest`. Always synchronous; returns a new object every time. */
  transformRequest(url: string, type?: string): RequestParameters | undefined
  /**
   * Requests again what servers refuse to this map, and keeps its tokens fresh. Calling it again for the
   * same map has no further effect. It ends with the map.
   *
   * @returns Detaches.
   */
  attach(map: MapLike): () => void
  /** Detaches every map. Does not dispose of the token managers, which belong to the caller. */
  dispose(): void
}

const MAX_REMEMBERED = 2000

/**
 * Style, Source, SpriteJSON, SpriteImage, Glyphs and Image: there are few, and MapLibre has no good way to
 * request them again, so they always use the protocol that waits and replays.
 */
const WAITS_ALWAYS = /^[SGI]/
const isVideo = (url: string, type: string) =>
  type === 'Source' && /\.(?:mp4|m4v|webm|og[gv]|mov)(?:[?#]|$)/i.test(url)

/**
 * Creates what a MapLibre map needs to load private resources: `transformRequest` for its constructor,
 * and `attach(map)` for recovery. One authorizer serves any number of maps.
 *
 * @param tokens One manager or several; the longest prefix that covers a URL decides.
 * @throws TypeError without `addProtocol`, or if two managers allow the same prefix.
 */
export function createMapAuthorizer(
  tokens: Tokens | readonly Tokens[],
  options: MapAuthorizerOptions,
): MapAuthorizer {
  const { addProtocol, transformRequest: own } = options ?? {}
  if (typeof addProtocol !== 'function') {
    throw new TypeError('"addProtocol" must be from maplibre-gl')
  }
  const managers: readonly Tokens[] = [tokens].flat()
  assertDistinctPrefixes(managers)
  const attached = new Map<MapInternals, () => void>()
  /** Outlives an attachment, which in React may be renewed with every render. */
  const postponed = new WeakMap<MapInternals, Postponed>()
  /** The latest requests, so that a late refusal can name its token. */
  const sent = new Map<string, SentRequest>()
  const unprepared = [...managers]

  // MapLibre's registry of protocols is global, and shared by every copy of this plugin.
  const scheme = `tilepass${Math.random()}`
  const find = (url: string): Partial<SentRequest> =>
    sent.get(url) ?? [findCoveredUrl(managers, url.split(`${scheme}://`).pop() as string)]
  // By the prefix of a rule, what the waiting protocol, which alone can read answers, has seen of its tiles:
  /** One of them. */
  const read = new Set<string>()
  /** One that another server answered, after a redirect. */
  const elsewhere = new Set<string>()
  /** A refusal that looks like a tile. From then on, all of them use the protocol. */
  const disguised = new Set<string>()
  let isReread = false

  function fireError(error: Error): void {
    for (const map of attached.keys()) map.fire('error', { error })
  }

  function remember(url: string, request: SentRequest): void {
    sent.delete(url)
    sent.set(url, request)
    const [oldest = ''] = sent.keys()
    if (sent.size > MAX_REMEMBERED) sent.delete(oldest)
  }

  registerWaitingProtocol(addProtocol, scheme, {
    fireError,
    onTile({ prefix }, { ok, redirected, url }, refused) {
      read.add(prefix)
      if (redirected && !findCoveredUrl(managers, url)) elsewhere.add(prefix)
      if (refused && ok) disguised.add(prefix)
    },
    async open(url) {
      const [known, , , promise] = find(url)
      if (!promise) return { covered: known }
      // The promise is not kept any longer, whatever comes of it.
      sent.delete(url)
      const own = await promise
      const covered = findCoveredUrl(managers, own.url)
      remember(url, [covered])
      return { covered, own }
    },
  })

  /** A worker would resolve a relative URL against its own address. */
  const makeAbsolute = (url: string) => findUrl(url)?.href ?? url

  function transformRequest(url: string, type = ''): RequestParameters | undefined {
    // The style and the worker load meanwhile.
    for (const manager of unprepared.splice(0)) manager.prepare()
    const request = (own as TransformRequest | undefined)?.(url, type)
    return request instanceof Promise ? postpone(url, type, request) : authorize(url, type, request)
  }

  /** The protocol awaits what the application's transform promised. */
  function postpone(
    url: string,
    type: string,
    request: Promise<RequestParameters | undefined>,
  ): RequestParameters | undefined {
    const given = makeAbsolute(url)
    const settled = request.then((own) => ({ ...own, url: makeAbsolute(own?.url ?? url) }))
    // The protocol reports it.
    settled.catch(() => {})
    if (!given.startsWith('http') || isVideo(given, type)) {
      // Without the query, which may hold a key.
      fireError(
        new TypeError(`"transformRequest" must be synchronous for ${given.replace(/\?.*/s, '')}`),
      )
      return undefined
    }
    const target = `${scheme}://${given}#${type}#${Math.random()}`
    remember(target, [undefined, undefined, undefined, settled])
    return { url: target }
  }

  function authorize(
    url: string,
    type: string,
    request: RequestParameters | undefined,
  ): RequestParameters | undefined {
    const headers = { ...request?.headers }
    let target = makeAbsolute(request?.url ?? url)
    const covered = findCoveredUrl(managers, target)
    if (!covered) return request && { ...request, headers }
    const video = isVideo(target, type)
    const waits = WAITS_ALWAYS.test(type) || isReread || disguised.has(covered.prefix)
    const isDirect = video ? covered.attach !== 'header' : !waits
    const authorized = isDirect ? covered.authorizeNow() : undefined
    if (authorized) {
      target = authorized.url
      Object.assign(headers, authorized.headers)
    } else if (video) {
      const needs = 'A video needs a token in hand, and "attach" by query or cookie.'
      fireError(new TypeError(needs))
    } else {
      // The type travels as a fragment, which no server sees.
      target = `${scheme}://${target}#${type}`
    }
    remember(target, [covered, authorized?.token, authorized && performance.now()])
    return { ...request, url: target, headers }
  }

  return {
    transformRequest,
    attach(map: MapInternals) {
      const known = attached.get(map)
      if (known) return known
      const kept: Postponed = postponed.get(map) ?? new Map()
      postponed.set(map, kept)
      const detach = recoverMap({
        map,
        managers,
        sent,
        find,
        postponed: kept,
        attached,
        mayReject: ({ prefix }) => read.has(prefix) && !elsewhere.has(prefix),
        reread(reload) {
          isReread = true
          reload()
          isReread = false
        },
      })
      attached.set(map, detach)
      return detach
    },
    dispose() {
      for (const detach of attached.values()) detach()
      sent.clear()
    },
  }
}

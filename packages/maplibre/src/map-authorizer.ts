import { redact } from '@tilepass/core'
import { checkPrefixes, chooseManager, type Tokens } from './choose-manager.ts'
import type {
  AddProtocol,
  MapErrorEvent,
  MapInternals,
  MapLike,
  RequestParameters,
  Tile,
  TransformRequest,
} from './maplibre-shapes.ts'
import { reloadTile } from './tile-recovery.ts'
import { createWaitingProtocol } from './waiting-protocol.ts'

/** Options of {@link createMapAuthorizer}. */
export interface MapAuthorizerOptions {
  /** MapLibre's `addProtocol`, by which a request can wait for a token in every version. */
  readonly addProtocol: AddProtocol
  /** A transform of your own. It runs first, and the URL that it returns decides about the token. */
  readonly transformRequest?: (url: string, type?: never) => RequestParameters | undefined
}

/** Attaches access tokens to the requests of MapLibre maps. */
export interface MapAuthorizer {
  /** For the map's option `transformRequest`. Always answers at once. */
  transformRequest(url: string, type?: string): RequestParameters | undefined
  /**
   * Recovers the tiles of this map that a server refused, and keeps its tokens fresh. Calling it again
   * for the same map does nothing more; it ends with the map.
   *
   * @returns Detaches.
   */
  attach(map: MapLike): () => void
  /** Detaches every map. The token managers stay as they are: they belong to whoever made them. */
  dispose(): void
}

/** Requests whose token is remembered, so that a late refusal can name it. */
const MAX_REMEMBERED = 2000
/** Refusals of one tile by a server after which it is left alone until its next request. */
const MAX_REFUSALS = 3

/** These few are cheap to send through the waiting protocol, and MapLibre has no good way to ask for them again. */
const WAITS_ALWAYS = /^(?:Style|Source|Glyphs|SpriteJSON|SpriteImage|Image)$/
const VIDEO = /\.(?:mp4|m4v|webm|og[gv]|mov)(?:[?#]|$)/i

interface Attachment {
  detach(): void
  readonly lost: Map<Tile, string>
}

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
    throw new TypeError('"addProtocol" must be the function of that name that maplibre-gl exports')
  }
  const managers: readonly Tokens[] = 'authorize' in tokens ? [tokens] : tokens
  checkPrefixes(managers)
  const managerOf = (url: string) => chooseManager(managers, url)
  const protocol = createWaitingProtocol(addProtocol, managerOf)
  const attachments = new Map<MapLike, Attachment>()
  const refusals = new WeakMap<Tile, number>()
  const sent = new Map<string, string>()
  let started = false

  function remember(url: string, token: string): void {
    sent.delete(url)
    sent.set(url, token)
    if (sent.size > MAX_REMEMBERED) sent.delete(sent.keys().next().value as string)
  }

  function transformRequest(url: string, type?: string): RequestParameters | undefined {
    if (!started) {
      // The style and the worker load meanwhile; whoever needs the token reports that there is none.
      started = true
      for (const manager of managers) void manager.getToken().catch(() => {})
    }
    const request = (own as TransformRequest | undefined)?.(url, type)
    const target = request?.url ?? url
    const manager = managerOf(target)
    const rule = manager?.match(target)
    if (!manager || !rule) return request && { ...request }
    const video = type === 'Source' && VIDEO.test(target)
    const authorized = manager.authorize(target)
    if (video) return videoRequest(authorized, target)
    if (authorized && !(authorized instanceof Promise) && !WAITS_ALWAYS.test(type ?? '')) {
      remember(authorized.url, authorized.token)
      return {
        ...request,
        url: authorized.url,
        headers: { ...request?.headers, ...authorized.headers },
      }
    }
    // The protocol asks again; whatever becomes of this promise is told there.
    if (authorized instanceof Promise) authorized.catch(() => {})
    return { ...request, url: protocol.wrap(new URL(target, document.baseURI).href) }
  }

  /** Shows an error that nobody else listens for, as MapLibre would without us. */
  function print({ error }: MapErrorEvent): void {
    if (!error) return
    const clean = redact(error.message, new Set(sent.values()))
    // biome-ignore lint/suspicious/noConsole: our listener must not silence MapLibre's own report
    console.error(clean === error.message ? error : new Error(clean))
  }

  /** @returns whether the refusal will heal, so that there is nothing to report yet. */
  function recover(
    map: MapLike,
    { lost }: Attachment,
    event: MapErrorEvent,
  ): boolean | Promise<boolean> {
    const { error, tile, sourceId } = event
    if (!error?.url || !error.status) return false
    const { url, status } = error
    const waited = protocol.unwrap(url)
    const manager = managerOf(waited ?? url)
    const response = () => new Response(error.body ?? null, { status })
    if (!manager) {
      for (const each of managers) void each.isAuthFailure(url, response())
      return false
    }
    const heal = (refused: boolean): boolean => {
      if (!refused || !tile || !sourceId) return false
      const token = sent.get(url)
      if (waited !== undefined) {
        // It has waited and been replayed already: only a new token can help.
        lost.set(tile, sourceId)
        return false
      }
      if (token !== undefined) manager.reject(token)
      const count = (refusals.get(tile) ?? 0) + 1
      refusals.set(tile, count)
      if (count > MAX_REFUSALS) return false
      reloadTile(map, sourceId, tile)
      return true
    }
    if (waited !== undefined) return heal(status === 401)
    const refused = manager.isAuthFailure(url, response())
    return refused instanceof Promise ? refused.then(heal) : heal(refused)
  }

  function attach(map: MapLike & MapInternals): () => void {
    const known = attachments.get(map)
    if (known) return known.detach
    const lost = new Map<Tile, string>()
    const onError = Object.assign(
      (event: MapErrorEvent) => {
        const finish = (healing: boolean) => {
          if (!healing && isAlone(map, onError)) print(event)
        }
        const healing = recover(map, attachment, event)
        if (healing instanceof Promise) void healing.then(finish, () => finish(false))
        else finish(healing)
      },
      { tilepass: true },
    )
    const onRenewed = () => {
      const tiles = [...lost]
      lost.clear()
      for (const [tile, sourceId] of tiles) reloadTile(map, sourceId, tile)
    }
    const onData = ({ tile }: { tile?: Tile }) => {
      if (tile) refusals.delete(tile)
    }
    const stop = managers.map((manager) => manager.on('renewed', onRenewed))
    const detach = () => {
      if (attachments.get(map) !== attachment) return
      attachments.delete(map)
      for (const off of stop) off()
      map.off('error', onError)
      map.off('data', onData)
      map.off('remove', detach)
    }
    const attachment: Attachment = { detach, lost }
    attachments.set(map, attachment)
    map.on('error', onError)
    map.on('data', onData)
    map.on('remove', detach)
    return detach
  }

  return {
    transformRequest,
    attach,
    dispose() {
      for (const { detach } of [...attachments.values()]) detach()
    },
  }
}

/** MapLibre takes nothing but the URL of a video, so its token can travel in the query only. */
function videoRequest(authorized: ReturnType<Tokens['authorize']>, url: string): RequestParameters {
  if (authorized && !(authorized instanceof Promise) && authorized.url !== url)
    return { url: authorized.url }
  throw new TypeError(
    `a video source can carry a token only in its query: allow its URL with attach: { query: … } and have a token before it is added`,
  )
}

/** True when nobody but attachments of this plugin listens for errors, and this is the first of them. */
function isAlone(map: MapInternals, listener: unknown): boolean {
  const listeners = map._listeners?.error ?? []
  const ours = listeners.filter((each) => 'tilepass' in each)
  return (
    ours.length === listeners.length &&
    ours[0] === listener &&
    !map._oneTimeListeners?.error?.length &&
    !map._eventedParent?.listens('error')
  )
}

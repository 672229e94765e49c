import { createHeaderTiles } from './header-tiles.ts'
import { type Done, EMPTY_IMAGE, type LayerInternals } from './leaflet-shapes.ts'
import { createQueryTiles } from './query-tiles.ts'
import { MAX_REFUSALS, type TileRequest, type Tokens } from './tile-request.ts'

/** What a layer does because it has tokens. */
export interface LayerTokens {
  /** True for a URL that carries the token. */
  covers(url: string): boolean
  load(tile: HTMLImageElement, url: string, done: Done): void
  /** An image event `error`. Returns true when the tile is still ours to end. */
  failed(tile: HTMLElement, error: unknown): boolean
  /** True while the tile has no source yet, which Leaflet takes for a loaded one. */
  isPending(tile: HTMLElement): boolean
  /** The layer dropped the tile. */
  release(tile: HTMLElement): void
  start(): void
  stop(): void
}

/** @param failAsStock Ends a failed tile in the way of the layer's own class. */
export function createLayerTokens(
  layer: LayerInternals,
  tokens: Tokens,
  failAsStock: (request: TileRequest, error: unknown) => void,
): LayerTokens {
  const requests = new WeakMap<HTMLElement, TileRequest>()
  /** Failed for want of a good token: requested again when there is one. */
  const lost = new Set<TileRequest>()
  let stop: (() => void) | undefined

  function fail(request: TileRequest, error: unknown, heals: boolean): void {
    request.pending = false
    if (heals && request.refusals < MAX_REFUSALS) lost.add(request)
    failAsStock(request, error)
  }
  const { referrerPolicy } = layer.options
  const headerTiles = createHeaderTiles(
    tokens,
    typeof referrerPolicy === 'string' ? (referrerPolicy as ReferrerPolicy) : undefined,
    fail,
  )
  const queryTiles = createQueryTiles(tokens, fail)
  const load = (request: TileRequest) => {
    if (tokens.match(request.url)?.attach === 'header') headerTiles(request)
    else queryTiles.load(request)
  }

  return {
    covers: (url) => tokens.match(url) !== undefined,
    load(tile, url, done) {
      const request = { tile, url, done, abort: new AbortController(), pending: true, refusals: 0 }
      requests.set(tile, request)
      load(request)
    },
    failed(tile, error) {
      const request = requests.get(tile)
      if (!request?.assigned || tile.getAttribute('src') !== request.assigned.url) return false
      queryTiles.failed(request, error)
      return true
    },
    isPending: (tile) => requests.get(tile)?.pending === true,
    release(tile) {
      const request = requests.get(tile)
      if (!request) return
      requests.delete(tile)
      lost.delete(request)
      request.abort.abort()
      if (request.objectUrl) URL.revokeObjectURL(request.objectUrl)
      // The image keeps a source that can be read: an empty one, as Leaflet itself leaves behind.
      tile.setAttribute('src', EMPTY_IMAGE)
    },
    start() {
      stop ??= tokens.on('renewed', () => {
        const requests = [...lost]
        lost.clear()
        for (const request of requests) load(request)
      })
    },
    stop() {
      stop?.()
      stop = undefined
    },
  }
}

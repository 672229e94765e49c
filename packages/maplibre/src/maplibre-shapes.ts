/**
 * The parts of MapLibre GL JS 4, 5 and 6 that this plugin touches, by structure: the versions export
 * different names, and none may be imported at run time.
 */

/** What `transformRequest` returns: a fresh plain object, which MapLibre writes to. */
export interface RequestParameters {
  url: string
  headers?: Record<string, string>
  method?: 'GET' | 'POST' | 'PUT'
  body?: string
  type?: 'string' | 'json' | 'arrayBuffer' | 'image'
  credentials?: 'same-origin' | 'include'
  collectResourceTiming?: boolean
  cache?: RequestCache
  referrerPolicy?: ReferrerPolicy
}

/** Rewrites a request; must answer at once. `type` is MapLibre's `ResourceType`. */
export type TransformRequest = (url: string, type?: string) => RequestParameters | undefined

/** MapLibre's `addProtocol`. */
export type AddProtocol = (
  scheme: string,
  load: (parameters: RequestParameters, abort: AbortController) => Promise<ProtocolAnswer>,
) => void

export interface ProtocolAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: MapLibre's type too; the shape follows the request's `type`
  data: any
  cacheControl?: string | null
  expires?: string | null
  etag?: string | null
}

export interface Tile {
  readonly tileID: {
    readonly key: string
    readonly canonical: { readonly x: number; readonly y: number; readonly z: number }
  }
  state: string
  readonly texture?: unknown
  readonly dem?: unknown
}

export interface MapErrorEvent {
  readonly error?: Error & { readonly status?: number; readonly url?: string; readonly body?: Blob }
  readonly tile?: Tile
  readonly sourceId?: string
}

export type MapListener = (event: MapErrorEvent) => void

/** A MapLibre map. */
export interface MapLike {
  on(type: string, listener: (event: never) => void): unknown
  off(type: string, listener: (event: never) => void): unknown
  getSource(id: string): { readonly type: string } | undefined
}

/** What the map has beside its public interface, where the version has it. */
export interface MapInternals {
  refreshTiles?(sourceId: string, tiles: readonly { x: number; y: number; z: number }[]): void
  style?: {
    sourceCaches?: Record<
      string,
      { _reloadTile(key: string, state: string): Promise<void> } | undefined
    >
  }
  _listeners?: { error?: readonly MapListener[] }
  _oneTimeListeners?: { error?: readonly MapListener[] }
  _eventedParent?: { listens(type: string): boolean } | null
}

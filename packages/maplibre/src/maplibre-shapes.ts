/**
 * The parts of MapLibre GL JS 4, 5 and 6 that this plugin uses, by structure: the versions export
 * different names, and none may be imported at run time.
 */

/** What `transformRequest` returns: a new plain object, which MapLibre modifies. */
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

/** Rewrites a request. `type` is MapLibre's `ResourceType`. */
export type TransformRequest = (
  url: string,
  type?: string,
) => RequestParameters | undefined | Promise<RequestParameters | undefined>

/** MapLibre's `addProtocol`. */
export type AddProtocol = (
  scheme: string,
  load: (parameters: RequestParameters, abort: AbortController) => Promise<ProtocolAnswer>,
) => void

export interface ProtocolAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: as in MapLibre; the shape follows the request's `type`
  data: any
  cacheControl?: string | null
  expires?: string | null
  /** Versions 5.24 and later do not parse a tile again whose ETag is unchanged. */
  etag?: string
}

export interface Tile {
  readonly tileID: { readonly key: string }
  readonly state: string
  readonly texture?: unknown
  readonly dem?: unknown
}

/** MapLibre's AJAXError, or its counterpart from the waiting protocol. */
export interface MapError extends Error {
  readonly status?: number | undefined
  url?: string | undefined
  readonly body?: Blob
  /** No token came in time; the manager has reported the reason. */
  readonly noToken?: boolean | undefined
}

export interface MapErrorEvent {
  readonly error?: MapError
  readonly tile?: Tile
  readonly sourceId?: string
  /** Whether the request recovers; set by the attachment of this plugin that it belongs to. */
  tilepass?: boolean | Promise<boolean>
}

export interface MapDataEvent {
  readonly tile?: Tile
  readonly sourceId: string
  readonly sourceDataType?: string
}

export type MapListener = (event: MapErrorEvent) => void

/** A MapLibre map. */
export interface MapLike {
  // biome-ignore lint/suspicious/noExplicitAny: all that the versions' overloads have in common
  on(type: string, listener: (event: any) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(type: string, listener: (event: any) => void): unknown
  getSource(id: string): { readonly type: string } | undefined
}

/** A source, with members that only some versions or types have. */
export interface MapSource {
  readonly type: string
  readonly tiles?: readonly string[]
  load?(): Promise<void>
  setData?(data: unknown): unknown
  serialize?(): { readonly data?: unknown }
}

/** A tile manager of versions 5 and 6, or a source cache of version 4. */
export interface Tiles {
  getTileByID(key: string): Tile | undefined
  _sourceErrored?: boolean
  _reloadTile(key: string, state: string): Promise<void>
}

/** What the plugin uses of a map in addition to `MapLike`. */
export interface MapInternals extends MapLike {
  getSource(id: string): MapSource | undefined
  getStyle(): { readonly sprite?: unknown; readonly glyphs?: unknown }
  setStyle(url: string, options: { diff: boolean }): unknown
  setSprite(sprite: unknown): unknown
  setGlyphs(glyphs: unknown): unknown
  fire(type: string, event: MapErrorEvent): unknown
  readonly style?: {
    readonly _loaded?: boolean
    /** The loaded JSON; `setStyle` may replace it without replacing the style. */
    readonly stylesheet?: unknown
    readonly tileManagers?: Record<string, Tiles | undefined>
    readonly sourceCaches?: Record<string, Tiles | undefined>
    _changed?: boolean
  }
  /** Versions 5 and 6: a style that is being loaded, whose differences will be applied to the present one. */
  readonly _diffStyleRequest?: unknown
  readonly _listeners?: { readonly error?: MapListener[] }
  readonly _oneTimeListeners?: { readonly error?: readonly MapListener[] }
}

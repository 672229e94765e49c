/** The parts of Leaflet 1.9 and 2.0 that this plugin uses, by structure: neither is imported at run time. */

export type Done = (error: unknown, tile: HTMLElement) => void

/** A tile layer with its internal members. A GridLayer lacks the optional ones. */
export interface LayerInternals {
  _map?: object
  initialize(...args: unknown[]): unknown
  onAdd(map: unknown): unknown
  onRemove(map: unknown): unknown
  createTile(coords: unknown, done: Done): HTMLElement
  fire(type: string, data?: object): unknown
  getTileUrl?(coords: unknown): string
  _tileOnError?(done: Done, tile: HTMLElement, error: unknown): void
}

/** Any tile layer class: TileLayer, its WMS subclass, or a third-party class. */
// biome-ignore lint/suspicious/noExplicitAny: constructor parameters of unknown classes
export type LayerClass = new (url: string, options?: any) => object

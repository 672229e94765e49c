/** The parts of Leaflet 1.9 and 2.0 that this plugin touches, by structure: neither is imported at run time. */

export type Done = (error: unknown, tile: HTMLElement) => void

/** A tile layer with what it has beside its public interface. */
export interface LayerInternals {
  options: { referrerPolicy?: unknown }
  _tiles: Record<string, { el: HTMLElement; coords: { z: number } }>
  _tileZoom: number | undefined
  initialize(...args: unknown[]): unknown
  onAdd(map: unknown): unknown
  onRemove(map: unknown): unknown
  createTile(coords: unknown, done: Done): HTMLElement
  getTileUrl(coords: unknown): string
  _tileOnError(done: Done, tile: HTMLElement, error: unknown): void
  _abortLoading(): void
  on(types: string, listener: (event: { tile: HTMLElement }) => void): unknown
  fire(type: string, event: object): unknown
}

/** Any tile layer class: TileLayer, its WMS subclass, or one of a third party. */
// biome-ignore lint/suspicious/noExplicitAny: constructor parameters of classes that we do not know
export type LayerClass = new (url: string, options?: any) => object

/** Leaflet's own `Util.emptyImageUrl`: its layers ignore what happens to a tile that shows it. */
export const EMPTY_IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAD/ACwAAAAAAQABAAACADs='

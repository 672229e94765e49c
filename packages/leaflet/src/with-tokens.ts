import type { Tokens } from '@tilepass/core'
import type { Done, LayerClass, LayerInternals } from './leaflet-shapes.ts'
import { createTileLoader, PLACEHOLDER, type TileLoader } from './tile-loader.ts'

/** What a layer takes in addition to the options of its own class. */
export interface TokenLayerOptions {
  /** Attaches this manager's tokens to the tile URLs that its `allow` covers; other tiles load as usual. */
  readonly tokens?: Tokens | undefined
}

/** The class with `tokens` among its options. */
export type WithTokens<Base extends LayerClass> = new (
  url: string,
  options?: NonNullable<ConstructorParameters<Base>[1]> & TokenLayerOptions,
) => InstanceType<Base>

const NEEDS_IMAGES =
  'withTokens() needs a class that sets <img src>, such as L.TileLayer; others need tokens.fetch()'

const made = new WeakMap<LayerClass, unknown>()
const loaders = new WeakMap<object, TileLoader>()

/**
 * The given tile layer class, able to load private tiles. Works for TileLayer, its WMS subclass and
 * third-party tile layers, of Leaflet 1.9 and 2.0. The same base always gives the same class.
 *
 * The rule for a URL decides how the token travels: in a header, by `fetch`, or in the image's query.
 *
 * @throws TypeError if `Base` is not a class. Its layers throw one if a tile with a private URL is not an
 *   `<img>` with a `src`: a canvas cannot be loaded from outside.
 */
export function withTokens<Base extends LayerClass>(Base: Base): WithTokens<Base> {
  const known = made.get(Base)
  if (known) return known as WithTokens<Base>
  if (typeof Base !== 'function') throw new TypeError(NEEDS_IMAGES)
  class TokenLayer extends (Base as unknown as new (...args: unknown[]) => LayerInternals) {
    override initialize(...args: unknown[]): unknown {
      let tokens: Tokens | undefined
      // WMS layers turn every option that they do not know into a request parameter.
      const stripped = args.map((value) => {
        if (!(value as TokenLayerOptions | undefined)?.tokens) return value
        const { tokens: given, ...rest } = value as TokenLayerOptions
        tokens = given
        return rest
      })
      if (tokens) loaders.set(this, createTileLoader(tokens))
      return super.initialize(...stripped)
    }

    override onAdd(map: unknown): unknown {
      loaders.get(this)?.start()
      return super.onAdd(map)
    }

    override onRemove(map: unknown): unknown {
      const result = super.onRemove(map)
      loaders.get(this)?.stop()
      return result
    }

    override createTile(coords: unknown, done: Done): HTMLElement {
      const loader = loaders.get(this)
      if (!loader) return super.createTile(coords, done)
      // On this instance, so that an override in a subclass is called too. Outside createTile() nothing changes.
      const getTileUrl = this.getTileUrl as NonNullable<typeof this.getTileUrl>
      let isPrivate = false
      this.getTileUrl = (coords) => {
        const url = getTileUrl.call(this, coords)
        if (!loader.match(url)) return url
        isPrivate = true
        return PLACEHOLDER + url
      }
      let tile: HTMLImageElement
      try {
        tile = super.createTile(coords, done) as HTMLImageElement
      } finally {
        delete this.getTileUrl
        if (this.getTileUrl !== getTileUrl) this.getTileUrl = getTileUrl
      }
      // `srcset` is undefined for other elements.
      if (isPrivate && tile.srcset !== '') throw new TypeError(NEEDS_IMAGES)
      const map = this._map
      // The layer never drops a tile that was created outside a map.
      if (!map) tile.addEventListener('load', () => loader.release(tile))
      loader.load(tile)
      // Some classes set the source later, and error images may need the token as well.
      const watch = new MutationObserver(() => loader.load(tile, map && !tile.parentNode))
      watch.observe(tile, { attributeFilter: ['src'] })
      return tile
    }

    override _tileOnError(done: Done, tile: HTMLElement, event: ErrorEvent): void {
      if (loaders.get(this)?.retry(tile, event)) return
      super._tileOnError?.(done, tile, event.error ?? event)
    }

    override fire(...event: [type: string, data?: { tile: HTMLElement }]): unknown {
      const result = super.fire(...event)
      // Not a listener, because applications may remove every listener.
      if (/unload|abort/.test(event[0])) loaders.get(this)?.release(event[1]?.tile)
      return result
    }
  }
  // Leaflet reads the number of parameters: with two, the tile reports by itself when it is ready.
  Object.defineProperty(TokenLayer.prototype.createTile, 'length', {
    value: (Base.prototype as LayerInternals).createTile.length,
  })
  made.set(Base, TokenLayer)
  return TokenLayer as unknown as WithTokens<Base>
}

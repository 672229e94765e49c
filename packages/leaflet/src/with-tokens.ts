import type { CoveredUrl, Tokens } from '@tilepass/core'
import type { Done, LayerClass, LayerInternals } from './leaflet-shapes.ts'
import { createTileLoader, type TileLoader } from './tile-loader.ts'

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

/** Takes the place of a private URL while the tile is created: the browser must not start to load that URL. */
const PLACEHOLDER = 'data:,'

const made = new WeakMap<LayerClass, unknown>()
const loaders = new WeakMap<object, TileLoader>()

/**
 * The given tile layer class, able to load private tiles. Works for TileLayer, its WMS subclass and
 * third-party tile layers, of Leaflet 1.9 and 2.0. The same base always gives the same class.
 *
 * The rule for a URL decides how the token travels: in a header, by `fetch`, or in the image's query.
 *
 * @throws TypeError if `Base` is not a class.
 */
export function withTokens<Base extends LayerClass>(Base: Base): WithTokens<Base> {
  const known = made.get(Base)
  if (known) return known as WithTokens<Base>
  if (typeof Base !== 'function') {
    throw new TypeError('withTokens() needs a tile layer class, such as L.TileLayer')
  }
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
      const isOwn = Object.hasOwn(this, 'getTileUrl')
      const { getTileUrl } = this
      let covered: CoveredUrl | undefined
      this.getTileUrl = (coords) => {
        const url = getTileUrl?.call(this, coords) ?? ''
        covered = loader.match(url)
        return covered ? PLACEHOLDER : url
      }
      let tile: HTMLElement
      try {
        tile = super.createTile(coords, done)
      } finally {
        if (isOwn && getTileUrl) this.getTileUrl = getTileUrl
        else delete this.getTileUrl
      }
      const source = tile.getAttribute('src')
      if (source) {
        const shown = source === PLACEHOLDER ? covered : loader.match(source)
        loader.load(tile as HTMLImageElement, shown)
      }
      // The layer never drops a tile that was created outside a map.
      if (!this._map) tile.addEventListener('load', () => loader.release(tile))
      return tile
    }

    override _tileOnError(done: Done, tile: HTMLElement, event: ErrorEvent): void {
      const loader = loaders.get(this)
      if (loader?.retry(tile, event)) return
      const failed = tile.getAttribute('src')
      loader?.explain(failed)
      super._tileOnError?.(done, tile, event.error ?? event)
      // An error image, or a tile that a subclass shows instead, may need the token as well.
      const source = tile.getAttribute('src')
      if (source && source !== failed) loader?.load(tile as HTMLImageElement, loader.match(source))
    }

    override _abortLoading(): void {
      const before = { ...this._tiles }
      super._abortLoading?.()
      for (const key in before) {
        if (!this._tiles[key]) loaders.get(this)?.release(before[key]?.el)
      }
    }

    override _removeTile(key: string): unknown {
      const tile = this._tiles[key]?.el
      const result = super._removeTile(key)
      loaders.get(this)?.release(tile)
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

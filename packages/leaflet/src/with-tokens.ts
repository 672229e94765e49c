import { createLayerTokens, type LayerTokens } from './layer-tokens.ts'
import type { Done, LayerClass, LayerInternals } from './leaflet-shapes.ts'
import type { Tokens } from './tile-request.ts'

/** What a layer takes beside the options of its own class. */
export interface TokenLayerOptions {
  /** Attaches the tokens of this manager to the tile URLs that its `allow` covers; others load as ever. */
  readonly tokens?: Tokens | undefined
}

/** The class with `tokens` among its options. */
export type WithTokens<Base extends LayerClass> = new (
  url: string,
  options?: NonNullable<ConstructorParameters<Base>[1]> & TokenLayerOptions,
) => InstanceType<Base>

/** Stands for a URL until the tile is there: no browser begins to load it in the meantime. */
const PLACEHOLDER = 'data:,'

const made = new WeakMap<LayerClass, unknown>()
const states = new WeakMap<object, LayerTokens>()

/**
 * The given tile layer class, able to load private tiles. Works for TileLayer, its WMS subclass and
 * those of third parties, of Leaflet 1.9 and 2.0. The same base always gives the same class.
 *
 * The URL's rule decides how the token travels: by `fetch` with a header, or in the image's query.
 */
export function withTokens<Base extends LayerClass>(Base: Base): WithTokens<Base> {
  const known = made.get(Base)
  if (known) return known as WithTokens<Base>
  if (typeof Base !== 'function') {
    throw new TypeError(
      'withTokens() takes a tile layer class, such as L.TileLayer or L.TileLayer.WMS',
    )
  }
  class TokenLayer extends (Base as unknown as new (...args: unknown[]) => LayerInternals) {
    override initialize(...args: unknown[]): unknown {
      let tokens: Tokens | undefined
      // WMS layers turn every option that they do not know into a parameter of the request.
      const stripped = args.map((value) => {
        if (!(value as TokenLayerOptions | undefined)?.tokens) return value
        const { tokens: given, ...rest } = value as TokenLayerOptions
        tokens = given
        return rest
      })
      if (tokens) states.set(this, createLayerTokens(tokens))
      return super.initialize(...stripped)
    }

    override onAdd(map: unknown): unknown {
      states.get(this)?.start()
      return super.onAdd(map)
    }

    override onRemove(map: unknown): unknown {
      const result = super.onRemove(map)
      states.get(this)?.stop()
      return result
    }

    override createTile(coords: unknown, done: Done): HTMLElement {
      const state = states.get(this)
      if (!state) return super.createTile(coords, done)
      // Of this instance, for whoever overrides the method is asked too. Called from elsewhere it is as ever.
      const own = Object.getOwnPropertyDescriptor(this, 'getTileUrl')
      const { getTileUrl } = this
      let url = ''
      this.getTileUrl = (coords) => {
        url = getTileUrl?.call(this, coords) ?? ''
        return state.covers(url) ? PLACEHOLDER : url
      }
      let tile: HTMLElement
      try {
        tile = super.createTile(coords, done)
      } finally {
        delete this.getTileUrl
        if (own) Object.defineProperty(this, 'getTileUrl', own)
      }
      const source = tile.getAttribute('src')
      if (source) state.load(tile as HTMLImageElement, source === PLACEHOLDER ? url : source)
      // Nobody will drop a tile that somebody else has asked for.
      if (!this._map) tile.addEventListener('load', () => state.release(tile))
      return tile
    }

    override _tileOnError(done: Done, tile: HTMLElement, event: ErrorEvent): void {
      const state = states.get(this)
      if (state?.retry(tile, event)) return
      const failed = tile.getAttribute('src')
      super._tileOnError?.(done, tile, event.error ?? event)
      // An error image, or the tile that a subclass shows instead, may want the token as well.
      const source = tile.getAttribute('src')
      if (source && source !== failed) state?.load(tile as HTMLImageElement, source)
    }

    override _abortLoading(): void {
      const before = { ...this._tiles }
      super._abortLoading?.()
      for (const key in before) {
        if (!this._tiles[key]) states.get(this)?.release(before[key]?.el)
      }
    }

    override _removeTile(key: string): unknown {
      const tile = this._tiles[key]?.el
      const result = super._removeTile(key)
      states.get(this)?.release(tile)
      return result
    }
  }
  // Leaflet looks at the number of parameters: with two, a tile is ready when it says so.
  Object.defineProperty(TokenLayer.prototype.createTile, 'length', {
    value: (Base.prototype as LayerInternals).createTile.length,
  })
  made.set(Base, TokenLayer)
  return TokenLayer as unknown as WithTokens<Base>
}

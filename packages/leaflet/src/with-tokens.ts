import { createLayerTokens, type LayerTokens } from './layer-tokens.ts'
import { type Done, EMPTY_IMAGE, type LayerClass, type LayerInternals } from './leaflet-shapes.ts'
import type { Tokens } from './tile-request.ts'

/** What a layer takes beside the options of its own class. */
export interface TokenLayerOptions {
  /** Attaches the tokens of this manager to the tile URLs that its `allow` covers; others load as ever. */
  readonly tokens?: Tokens
}

/** The class with `tokens` among its options. */
export type WithTokens<Base extends LayerClass> = Base extends new (
  url: infer Url extends string,
  options?: infer Options,
) => infer Layer
  ? new (
      url: Url,
      options?: NonNullable<Options> & TokenLayerOptions,
    ) => Layer
  : never

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
  /** The URL that createTile() asked for, while it runs. */
  let captured: { url?: string } | undefined

  class TokenLayer extends (Base as unknown as new (...args: unknown[]) => LayerInternals) {
    override initialize(...args: unknown[]): unknown {
      let tokens: Tokens | undefined
      // WMS layers turn every option that they do not know into a parameter of the request.
      const stripped = args.map((value) => {
        if (typeof value !== 'object' || value === null || !('tokens' in value)) return value
        const { tokens: given, ...rest } = value
        tokens = given as Tokens | undefined
        return rest
      })
      const result = super.initialize(...stripped)
      if (tokens) {
        const state = createLayerTokens(this, tokens, ({ done, tile }, error) =>
          super._tileOnError(done, tile, error),
        )
        states.set(this, state)
        this.on('tileunload tileabort', ({ tile }) => state.release(tile))
      }
      return result
    }

    override onAdd(map: unknown): unknown {
      states.get(this)?.start()
      return super.onAdd(map)
    }

    override onRemove(map: unknown): unknown {
      states.get(this)?.stop()
      return super.onRemove(map)
    }

    override getTileUrl(coords: unknown): string {
      const url = super.getTileUrl(coords)
      if (!captured || !states.get(this)?.covers(url)) return url
      captured.url = url
      return EMPTY_IMAGE
    }

    // Leaflet looks at the number of parameters: with two, a tile is ready when it says so.
    override createTile(coords: unknown, done: Done): HTMLElement {
      const state = states.get(this)
      if (!state) return super.createTile(coords, done)
      const capture: { url?: string } = {}
      captured = capture
      let tile: HTMLElement
      try {
        tile = super.createTile(coords, done)
      } finally {
        captured = undefined
      }
      if (capture.url !== undefined && tile instanceof HTMLImageElement) {
        // Before the browser has begun to load it: no event comes of the placeholder.
        tile.removeAttribute('src')
        state.load(tile, capture.url, done)
      }
      return tile
    }

    override _tileOnError(done: Done, tile: HTMLElement, error: unknown): void {
      if (!states.get(this)?.failed(tile, error)) super._tileOnError(done, tile, error)
    }

    override _abortLoading(): void {
      const state = states.get(this)
      for (const [key, { el, coords }] of Object.entries(this._tiles)) {
        if (coords.z === this._tileZoom || !state?.isPending(el)) continue
        el.remove()
        delete this._tiles[key]
        this.fire('tileabort', { tile: el, coords })
      }
      super._abortLoading()
    }
  }
  made.set(Base, TokenLayer)
  return TokenLayer as unknown as WithTokens<Base>
}

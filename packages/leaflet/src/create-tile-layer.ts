import type { LayerClass } from './leaflet-shapes.ts'
import { type WithTokens, withTokens } from './with-tokens.ts'

/**
 * A tile layer of the given class that loads private tiles:
 * `createTileLayer(L.TileLayer, url, { tokens })`.
 */
export function createTileLayer<Base extends LayerClass>(
  Base: Base,
  url: string,
  options: NonNullable<ConstructorParameters<WithTokens<Base>>[1]>,
): InstanceType<Base> {
  const Layer = withTokens(Base) as new (url: string, options: object) => InstanceType<Base>
  return new Layer(url, options)
}

/** {@link createTileLayer}, for code that reads better with this name. */
export const createWmsLayer: typeof createTileLayer = createTileLayer

import type { LayerClass } from './leaflet-shapes.ts'
import { type WithTokens, withTokens } from './with-tokens.ts'

/**
 * Creates a tile layer of the given class that loads private tiles:
 * `createTileLayer(L.TileLayer, url, { tokens })`. Also exported as `createWmsLayer`, for code that creates
 * layers of `L.TileLayer.WMS`.
 */
export function createTileLayer<Base extends LayerClass>(
  Base: Base,
  url: string,
  options: NonNullable<ConstructorParameters<WithTokens<Base>>[1]>,
): InstanceType<Base> {
  const Layer = withTokens(Base) as new (url: string, options: object) => InstanceType<Base>
  return new Layer(url, options)
}

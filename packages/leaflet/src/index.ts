export { createTileLayer, createWmsLayer } from './create-tile-layer.ts'
export type { LayerClass } from './leaflet-shapes.ts'
export type { Tokens } from './tile-request.ts'
export { type TokenLayerOptions, type WithTokens, withTokens } from './with-tokens.ts'

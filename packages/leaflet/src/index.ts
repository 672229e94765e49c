export type { Tokens } from '@tilepass/core'
export { createTileLayer, createTileLayer as createWmsLayer } from './create-tile-layer.ts'
export type { LayerClass } from './leaflet-shapes.ts'
export { type TokenLayerOptions, type WithTokens, withTokens } from './with-tokens.ts'

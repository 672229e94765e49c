import {
  createElementObject,
  createTileLayerComponent,
  updateGridLayer,
  withPane,
} from '@react-leaflet/core'
import { createTokenManager } from '@tilepass/core'
import { createTileLayer, createWmsLayer, withTokens } from '@tilepass/leaflet'
import type * as L from 'leaflet'
import type { TileLayer } from 'leaflet'
import type { TileLayerProps } from 'react-leaflet'
import { expectTypeOf, test } from 'vitest'

declare const leaflet: typeof L
declare const map: L.Map
const tokens = createTokenManager('https://tiles.example.com/map-token', {
  allow: ['https://tiles.example.com/v1/'],
})

// Compiled, not run: Leaflet needs a page.
const compiled: (() => unknown)[] = []

test('layers are created as in the guide', () => {
  compiled.push(() => {
    const L = leaflet
    const layer = createTileLayer(L.TileLayer, '/v1/tiles/world-raster/{z}/{x}/{y}.webp', {
      tokens,
      attribution: '© …',
    }).addTo(map)
    expectTypeOf(layer).toEqualTypeOf<L.TileLayer>()
    const wms = createTileLayer(L.TileLayer.WMS, 'https://wms.example.com/wms', {
      tokens,
      layers: 'parcels',
      format: 'image/png',
      transparent: true,
    }).addTo(map)
    expectTypeOf(wms).toEqualTypeOf<L.TileLayer.WMS>()
    createWmsLayer(L.TileLayer.WMS, 'https://wms.example.com/wms', { tokens, layers: 'parcels' })
    createTileLayer(L.TileLayer, '/{z}/{x}/{y}.png', { tokens: undefined })
    // @ts-expect-error a token is not a manager of tokens
    createTileLayer(L.TileLayer, '/{z}/{x}/{y}.png', { tokens: 'secret' })
    // @ts-expect-error options of the class are checked
    createTileLayer(L.TileLayer, '/{z}/{x}/{y}.png', { tokens, tileSize: 'large' })
    // @ts-expect-error a layer is not a class of layers
    createTileLayer(layer, '/{z}/{x}/{y}.png', { tokens })
  })
})

test('a third-party class keeps its options and methods', () => {
  compiled.push(() => {
    class Tinted extends leaflet.TileLayer {
      constructor(url: string, options?: L.TileLayerOptions & { tint?: string }) {
        super(url, options)
      }
      tint(): string {
        return ''
      }
    }
    const Private = withTokens(Tinted)
    expectTypeOf(new Private('/{z}', { tokens, tint: 'red' }).tint()).toEqualTypeOf<string>()
    // @ts-expect-error its options are checked
    new Private('/{z}', { tokens, tint: 1 })
  })
})

test('a component for react-leaflet is created as in the guide', () => {
  compiled.push(() => {
    const TokenTileLayer = withTokens(leaflet.TileLayer)
    const PrivateTileLayer = createTileLayerComponent<TileLayer, TileLayerProps>(
      ({ url, ...options }, context) =>
        createElementObject(
          new TokenTileLayer(url, { ...withPane(options, context), tokens }),
          context,
        ),
      updateGridLayer,
    )
    // @ts-expect-error the token is in no prop
    const wrong = <PrivateTileLayer url="/{z}/{x}/{y}.png" tokens={tokens} />
    return [wrong, <PrivateTileLayer key="1" url="/{z}/{x}/{y}.png" attribution="© …" />]
  })
})

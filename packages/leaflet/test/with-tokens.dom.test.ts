import { createTokenManager } from '@tilepass/core'
import { createTileLayer, createWmsLayer, withTokens } from '@tilepass/leaflet'
import * as L1 from 'leaflet'
import { describe, expect, test } from 'vitest'

const tokens = createTokenManager('/map-token', { allow: ['https://tiles.example.com/v1/'] })
const url = 'https://tiles.example.com/v1/{z}/{x}/{y}.png'

describe('withTokens', () => {
  test('returns the same class for the same base', () => {
    expect(withTokens(L1.TileLayer)).toBe(withTokens(L1.TileLayer))
    expect(withTokens(L1.TileLayer)).not.toBe(withTokens(L1.TileLayer.WMS))
  })

  test('throws for anything but a class', () => {
    expect(() => withTokens(undefined as never)).toThrow(/^withTokens\(\) needs a class/)
  })

  test('creates layers of the base class, under every name', () => {
    expect(createTileLayer(L1.TileLayer, url, { tokens })).toBeInstanceOf(L1.TileLayer)
    expect(createWmsLayer(L1.TileLayer.WMS, url, { tokens })).toBeInstanceOf(L1.TileLayer.WMS)
  })

  test('keeps tokens out of options and WMS parameters, and does not change the given object', () => {
    const options = { tokens, layers: 'parcels' }
    const layer = createTileLayer(L1.TileLayer.WMS, url, options)
    expect(layer.options).not.toHaveProperty('tokens')
    expect(layer.wmsParams).not.toHaveProperty('tokens')
    expect(options.tokens).toBe(tokens)
  })

  test('has as many parameters as the base, by which Leaflet knows when a tile is ready', () => {
    class Instant extends L1.TileLayer {
      override createTile(_coords: L1.Coords) {
        return document.createElement('img')
      }
    }
    const lengthOf = (Layer: typeof L1.TileLayer) => withTokens(Layer).prototype.createTile.length
    expect([lengthOf(L1.TileLayer), lengthOf(Instant)]).toEqual([2, 1])
  })

  test('leaves `getTileUrl` as it is, on the prototype or on the layer', () => {
    const layer = createTileLayer(L1.TileLayer, url, { tokens })
    const create = () =>
      (layer as unknown as { createTile(coords: object, done: () => void): unknown }).createTile(
        { x: 1, y: 2, z: 3 },
        () => {},
      )
    create()
    expect(Object.hasOwn(layer, 'getTileUrl')).toBe(false)
    const own = () => `${url}?own`
    layer.getTileUrl = own
    create()
    expect(layer.getTileUrl).toBe(own)
  })

  test('can be extended with Leaflet’s extend()', () => {
    const Base = withTokens(L1.TileLayer) as unknown as typeof L1.TileLayer
    const Extended = Base.extend({ options: { maxZoom: 7 } }) as unknown as typeof L1.TileLayer
    const layer = new Extended(url, { tokens } as L1.TileLayerOptions)
    expect(layer).toBeInstanceOf(Base)
    expect(layer.options.maxZoom).toBe(7)
    expect(layer.options).not.toHaveProperty('tokens')
  })
})

import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { MapInternals, Tile } from '../src/maplibre-shapes.ts'
import { planReload, reloadTile } from '../src/reload.ts'

/** A map with one source, `source`, of the given shape. */
function fakeMap(source: object | undefined) {
  const tiles = { getTileByID: vi.fn(), _reloadTile: vi.fn(async () => {}), _sourceErrored: true }
  const map = {
    getSource: (id: string) => (id === 'source' ? source : undefined),
    getStyle: () => ({ sprite: 'sprite', glyphs: 'glyphs' }),
    setStyle: vi.fn(),
    setSprite: vi.fn(),
    setGlyphs: vi.fn(),
    style: {
      _loaded: true,
      stylesheet: {} as object | undefined,
      tileManagers: { source: tiles },
    } as { [name: string]: unknown },
    _diffStyleRequest: undefined as unknown,
  }
  return { map, tiles, internals: map as unknown as MapInternals }
}

describe('a failed tile', () => {
  let tile: Tile
  beforeEach(() => {
    tile = { state: 'errored', tileID: { key: 'k' } }
  })

  test.each([
    ['raster', {}, 'loading'],
    ['raster', { texture: {} }, 'expired'],
    ['raster-dem', { dem: {} }, 'expired'],
    ['vector', {}, 'expired'],
  ])('of type %s with %j is reloaded as %s', (type, shows, state) => {
    const { tiles, internals } = fakeMap({ type })
    Object.assign(tile, shows)
    tiles.getTileByID.mockReturnValue(tile)
    reloadTile(internals, 'source', tile)
    expect(tiles._reloadTile).toHaveBeenCalledWith('k', state)
    expect(tiles._sourceErrored).toBe(false)
  })

  test('of version 4 is reloaded in its source cache', () => {
    const { map, tiles, internals } = fakeMap({ type: 'raster' })
    map.style = { sourceCaches: { source: tiles } }
    tiles.getTileByID.mockReturnValue(tile)
    reloadTile(internals, 'source', tile)
    expect(tiles._reloadTile).toHaveBeenCalledTimes(1)
  })

  test('that was replaced, has loaded, or has lost its source is left alone', () => {
    const { tiles, internals } = fakeMap({ type: 'raster' })
    tiles.getTileByID.mockReturnValue({ ...tile })
    reloadTile(internals, 'source', tile)
    tiles.getTileByID.mockReturnValue(tile)
    reloadTile(internals, 'source', Object.assign(tile, { state: 'loaded' }))
    reloadTile(internals, 'removed', Object.assign(tile, { state: 'errored' }))
    expect(tiles._reloadTile).not.toHaveBeenCalled()
  })
})

describe('a source', () => {
  test('of GeoJSON is given its data again', () => {
    const setData = vi.fn()
    const source = { setData, serialize: () => ({ data: 'https://tiles.example/data.geojson' }) }
    planReload(fakeMap(source).internals, 'source', '')()
    expect(setData).toHaveBeenCalledWith('https://tiles.example/data.geojson')
  })

  test('of any other type loads again', () => {
    const load = vi.fn(async () => {})
    planReload(fakeMap({ load }).internals, 'source', '')()
    expect(load).toHaveBeenCalledTimes(1)
  })
})

describe('a style', () => {
  const url = 'https://tiles.example/style.json'
  const plan = (internals: MapInternals) => planReload(internals, '', url, 'Style')

  test('is set again, by its differences if another one is on the map', () => {
    const { map, internals } = fakeMap(undefined)
    plan(internals)()
    expect(map.setStyle).toHaveBeenCalledWith(url, { diff: true })
    map.style._loaded = false
    plan(internals)()
    expect(map.setStyle).toHaveBeenLastCalledWith(url, { diff: false })
  })

  test.each<[string, (map: ReturnType<typeof fakeMap>['map']) => void]>([
    ['has replaced it', (map) => Object.assign(map, { style: {} })],
    ['has replaced its JSON', (map) => Object.assign(map.style, { stylesheet: {} })],
    ['is being loaded', (map) => Object.assign(map, { _diffStyleRequest: {} })],
  ])('is left alone if another one %s', (_, change) => {
    const { map, internals } = fakeMap(undefined)
    const reload = plan(internals)
    change(map)
    reload()
    expect(map.setStyle).not.toHaveBeenCalled()
  })
})

test('sprites and glyphs are set again once the style has loaded', () => {
  const { map, internals } = fakeMap(undefined)
  planReload(internals, '', '', 'SpriteJSON')()
  expect(map.setSprite).toHaveBeenCalledWith('sprite')
  planReload(internals, '', '', 'Glyphs')()
  expect(map.setGlyphs).toHaveBeenCalledWith('glyphs')
  expect(map.style._changed).toBe(true)
  map.style._loaded = false
  planReload(internals, '', '', 'Glyphs')()
  expect(map.setGlyphs).toHaveBeenCalledTimes(1)
})

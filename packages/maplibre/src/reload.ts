import type { MapInternals, MapSource, Tile } from './maplibre-shapes.ts'

/** The source; undefined after `setStyle(null)`, where versions 4 and 5 would throw. */
export function findSource(map: MapInternals, id: string): MapSource | undefined {
  return map.style && map.getSource(id)
}

/**
 * Requests one failed tile again, and nothing else. The public `refreshTiles` does not exist in every
 * version, and also reloads the tile's copies in other copies of the world.
 *
 * A tile that has nothing to show yet must be `loading`; otherwise it is drawn without a texture (an
 * uncaught TypeError in MapLibre 5 and 6). A tile that has something to show must be `expired`, and so must
 * every vector tile: in version 6 a `loading` one waits for its worker for ever.
 */
export function reloadTile(map: MapInternals, sourceId: string, tile: Tile): void {
  const { key } = tile.tileID
  const tiles = (map.style?.tileManagers ?? map.style?.sourceCaches)?.[sourceId]
  // Another tile object may have replaced this one by now.
  if (tile.state === 'errored' && tiles?.getTileByID(key) === tile) {
    const shows = findSource(map, sourceId)?.type === 'vector' || tile.texture || tile.dem
    // Version 5 treats one failed tile as a failed source, and would be idle while this tile loads.
    tiles._sourceErrored = false
    void tiles._reloadTile(key, shows ? 'expired' : 'loading')
  }
}

/**
 * Plans to request a single resource again: the TileJSON, GeoJSON or image of a source; without a source, a
 * style, sprite or glyphs.
 *
 * @param type MapLibre's `ResourceType`.
 * @returns Requests it. A style is not requested if the map has, or is loading, another one by then.
 */
export function planReload(
  map: MapInternals,
  sourceId: string,
  url: string,
  type?: string,
): () => void {
  const { style: failed } = map
  const sheet = failed?.stylesheet
  return () => {
    const { style } = map
    const source = findSource(map, sourceId)
    if (source) {
      // Version 6 no longer knows what a GeoJSON source was loading.
      if (source.setData) source.setData(source.serialize?.().data)
      else void source.load?.()
    } else if (type === 'Style') {
      if (style === failed && style?.stylesheet === sheet && !map._diffStyleRequest)
        map.setStyle(url, { diff: !!style?._loaded })
    } else if (style?._loaded) {
      const { sprite, glyphs } = map.getStyle()
      if (type !== 'Glyphs') map.setSprite(sprite)
      else {
        map.setGlyphs(glyphs)
        // Versions 4 and 5 do not mark the style as changed.
        style._changed = true
      }
    }
  }
}

import type { MapInternals, Tile } from './maplibre-shapes.ts'

/**
 * Requests one failed tile again, and nothing else. The public `refreshTiles` is not in every version,
 * and reloads whatever stands for the same place in any copy of the world.
 *
 * A tile that has nothing to show yet must be `loading`, or it is drawn without a texture (an uncaught
 * TypeError in MapLibre 5 and 6). One that has must be `expired`: so must vector tiles, which in
 * version 6 wait for ever for a worker when they are `loading`.
 */
export function reloadTile(map: MapInternals, sourceId: string, tile: Tile): void {
  const { key } = tile.tileID
  const tiles = (map.style?.tileManagers ?? map.style?.sourceCaches)?.[sourceId]
  // Some other tile object may stand for the same place by now; then this one is not needed.
  if (tile.state === 'errored' && tiles?.getTileByID(key) === tile) {
    const shows = map.getSource(sourceId)?.type === 'vector' || tile.texture || tile.dem
    // Version 5 takes one failed tile for a failed source, and would be idle while this one is awaited.
    tiles._sourceErrored = false
    void tiles._reloadTile(key, shows ? 'expired' : 'loading')
  }
}

/**
 * Plans to request again what is no tile: TileJSON, GeoJSON or image of a source; else a style, sprite or glyphs.
 *
 * @param type MapLibre's `ResourceType` of what was asked for.
 * @returns Does so, unless it was a style and the map has, or loads, another one by then.
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
    const source = map.getSource(sourceId)
    if (source) {
      // Version 6 has forgotten by now what a GeoJSON source wanted to load.
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
        // Versions 4 and 5 forget to say that the style has changed.
        style._changed = true
      }
    }
  }
}

import type { MapInternals, MapLike, Tile } from './maplibre-shapes.ts'

/**
 * Requests one failed tile again, and nothing else.
 *
 * A tile that has nothing to show yet must be `loading`, or it is drawn without a texture (an uncaught
 * TypeError in MapLibre 5 and 6). One that has must be `expired`: so must vector tiles, which in
 * version 6 wait for ever for a worker when they are `loading`.
 */
export function reloadTile(map: MapLike & MapInternals, sourceId: string, tile: Tile): void {
  const source = map.getSource(sourceId)
  if (!source || tile.state !== 'errored') return
  const state = source.type === 'vector' || tile.texture || tile.dem ? 'expired' : 'loading'
  if (map.refreshTiles) {
    map.refreshTiles(sourceId, [tile.tileID.canonical])
    // Some other tile object may stand for the same place by now; this one is then not reloaded.
    if ((tile.state as string) === 'expired') tile.state = state
  } else void map.style?.sourceCaches?.[sourceId]?._reloadTile(tile.tileID.key, state)
}

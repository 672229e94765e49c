import type { MapInternals, Tile } from './maplibre-shapes.ts'

/**
 * Requests one failed tile again, and nothing else.
 *
 * A tile that has nothing to show yet must be `loading`, or it is drawn without a texture (an uncaught
 * TypeError in MapLibre 5 and 6). One that has must be `expired`: so must vector tiles, which in
 * version 6 wait for ever for a worker when they are `loading`.
 */
export function reloadTile(map: MapInternals, sourceId: string, tile: Tile): void {
  const { key, canonical } = tile.tileID
  const { tileManagers, sourceCaches } = map.style ?? {}
  const tiles = (tileManagers ?? sourceCaches)?.[sourceId]
  if (tile.state !== 'errored') return
  // The public method reloads every copy of the world, and must do where these inner parts change.
  if (!tiles?._reloadTile) map.refreshTiles?.(sourceId, [canonical])
  // Some other tile object may stand for the same place by now; this one is then not needed.
  else if (tiles.getTileByID(key) === tile) {
    const expired = map.getSource(sourceId)?.type === 'vector' || tile.texture || tile.dem
    void tiles._reloadTile(key, expired ? 'expired' : 'loading')
  }
}

/** Requests again what a source consists of: its TileJSON, image or GeoJSON. */
export function reloadSource(map: MapInternals, sourceId: string): void {
  const source = map.getSource(sourceId)
  // Version 6 has forgotten by now what a GeoJSON source wanted to load.
  if (source?.setData) source.setData(source.serialize?.().data)
  else void source?.load?.()
}

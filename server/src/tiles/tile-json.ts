import type { Tileset } from './tileset.ts'

/**
 * Describes a tileset as TileJSON 3.0.
 *
 * @param base URL or path that the tile routes lie below; it never carries a token, because
 *   TileJSON outlives tokens.
 */
export function toTileJson(tileset: Tileset, base: string): Readonly<Record<string, unknown>> {
  const { name, header, metadata, extensions } = tileset
  const attribution = tileset.attribution ?? metadata.attribution
  return {
    tilejson: '3.0.0',
    name: typeof metadata.name === 'string' ? metadata.name : name,
    ...(typeof metadata.description === 'string' ? { description: metadata.description } : {}),
    ...(typeof attribution === 'string' ? { attribution } : {}),
    scheme: 'xyz',
    tiles: [`${base}/v1/tiles/${name}/{z}/{x}/{y}.${extensions[0]}`],
    minzoom: header.minZoom,
    maxzoom: header.maxZoom,
    bounds: [header.minLon, header.minLat, header.maxLon, header.maxLat],
    center: [header.centerLon, header.centerLat, header.centerZoom],
    // Required of vector tilesets by TileJSON 3.0, and meaningless for others.
    ...(extensions.includes('mvt') ? { vector_layers: metadata.vector_layers ?? [] } : {}),
  }
}

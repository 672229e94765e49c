import type { Tileset } from './tileset.ts'

/**
 * Describes a tileset as TileJSON 3.0.
 *
 * @param base URL or path of the broker's routes. It never contains a token, because TileJSON is kept
 *   longer than tokens are valid.
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
    // TileJSON 3.0 requires it for vector tilesets; for others it has no meaning.
    ...(extensions.includes('mvt') ? { vector_layers: metadata.vector_layers ?? [] } : {}),
  }
}

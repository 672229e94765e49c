import type { TileClaims } from './tile-claims.ts'
import { intersectsTile, isTileAddress, MAX_ZOOM, type TileAddress } from './tile-grid.ts'

/** The resource that a request asks for, as far as tile claims distinguish. */
export type TileResource =
  | ({ readonly kind: 'tile'; readonly tileset: string | undefined } & TileAddress)
  /** TileJSON, styles, glyphs, sprites: no map data. Without a tileset it belongs to none of them. */
  | { readonly kind: 'document'; readonly tileset: string | undefined }
  /** A file that contains every tile, read as a whole or in ranges. */
  | { readonly kind: 'archive'; readonly tileset: string | undefined }

/**
 * Do these claims permit the resource? An archive contains every area and zoom, so a token that is
 * restricted to an area or to zooms does not open it.
 */
export function isTilePermitted(claims: TileClaims, resource: TileResource): boolean {
  const { tilesets, bbox, minzoom = 0, maxzoom = MAX_ZOOM } = claims
  const { kind, tileset } = resource
  if (kind === 'document' && tileset === undefined) return true
  if (tilesets && (tileset === undefined || !tilesets.includes(tileset))) return false
  switch (kind) {
    case 'document':
      return true
    case 'archive':
      return !bbox && claims.minzoom === undefined && claims.maxzoom === undefined
    case 'tile':
      if (!isTileAddress(resource)) return false
      if (resource.z < minzoom || resource.z > maxzoom) return false
      return !bbox || intersectsTile(bbox, resource)
  }
}

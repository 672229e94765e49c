/**
 * An area in degrees of longitude and latitude: west, south, east, north. An area with west > east
 * crosses the antimeridian.
 *
 * @see RFC 7946 §5
 */
export type Bbox = readonly [west: number, south: number, east: number, north: number]

/** A tile's address in the Web Mercator pyramid; y counts from the north. */
export interface TileAddress {
  readonly z: number
  readonly x: number
  readonly y: number
}

/** Deepest zoom that a tile can have. */
export const MAX_ZOOM = 30
/** Width and height of the world in cells, the tiles of the deepest zoom. */
const CELLS = 2 ** MAX_ZOOM
/**
 * Distance from a cell's edge, in cells of 4 cm, within which a coordinate counts as on the edge.
 * Larger than the rounding error of a tile's own bounds at any latitude, and too small to matter.
 */
const ROUNDING = 1e-5

/** Does this tile exist: whole numbers, zoom 0 to 30, column and row within the zoom's limits? */
export function isTileAddress({ z, x, y }: TileAddress): boolean {
  const isIndex = (value: number, limit: number) =>
    Number.isInteger(value) && value >= 0 && value < limit
  return isIndex(z, MAX_ZOOM + 1) && isIndex(x, 2 ** z) && isIndex(y, 2 ** z)
}

/**
 * Do the interiors of a tile and an area overlap? A shared edge or corner does not count. So the
 * bounds of a tile match that tile, its ancestors and its descendants, but none of its neighbours.
 *
 * Latitudes beyond the edge of the map (85.05°) lie in no tile.
 */
export function intersectsTile([west, south, east, north]: Bbox, tile: TileAddress): boolean {
  if (!isTileAddress(tile)) return false
  // Whole numbers of cells, therefore exact at every zoom.
  const size = CELLS / 2 ** tile.z
  const left = tile.x * size
  const top = tile.y * size
  if (!(top < toRow(south) && top + size > toRow(north))) return false
  const [from, to] = [toColumn(west), toColumn(east)]
  const isEastOf = left + size > from
  const isWestOf = left < to
  return west > east ? isEastOf || isWestOf : isEastOf && isWestOf
}

/** Does `outer` contain all of `inner`? Compared exactly, on the degrees as given. */
export function containsBbox(outer: Bbox, inner: Bbox): boolean {
  if (inner[1] < outer[1] || inner[3] > outer[3]) return false
  return toSpans(inner).every(([from, to]) =>
    toSpans(outer).some(([start, end]) => from >= start && to <= end),
  )
}

/** Splits an area's longitudes at the antimeridian. */
function toSpans([west, , east]: Bbox): readonly (readonly [number, number])[] {
  if (west <= east) return [[west, east]]
  // An area that only touches the antimeridian has no part on the other side.
  const spans = [[west, 180] as const, [-180, east] as const]
  return spans.filter(([from, to]) => from < to)
}

function toColumn(longitude: number): number {
  return snap(((longitude + 180) * CELLS) / 360)
}

function toRow(latitude: number): number {
  // The projection is infinite at the poles.
  if (latitude >= 90) return Number.NEGATIVE_INFINITY
  if (latitude <= -90) return Number.POSITIVE_INFINITY
  const projected = Math.asinh(Math.tan((latitude * Math.PI) / 180)) / Math.PI
  return snap(((1 - projected) / 2) * CELLS)
}

function snap(cells: number): number {
  const edge = Math.round(cells)
  return Math.abs(cells - edge) < ROUNDING ? edge : cells
}

/** An area in degrees of longitude and latitude: west, south, east, north; west > east crosses the antimeridian. @see RFC 7946 §5 */
export type Bbox = readonly [west: number, south: number, east: number, north: number]

/** A tile's address in the Web Mercator pyramid, y counted from the north. */
export interface TileAddress {
  readonly z: number
  readonly x: number
  readonly y: number
}

/** Deepest zoom that a tile can have. */
export const MAX_ZOOM = 30
/** The world is so many cells wide and high: the tiles of the deepest zoom. */
const CELLS = 2 ** MAX_ZOOM
/**
 * A coordinate this close to a cell's edge is the edge: a thousandth of a millionth of a cell's 4 cm.
 * Larger than what rounding does to a tile's own bounds at any latitude, too small to mean a place.
 */
const ROUNDING = 1e-5

/** Is this a tile that exists: whole numbers, zoom 0 to 30, within the zoom's rows and columns? */
export function isTileAddress({ z, x, y }: TileAddress): boolean {
  const isIndex = (value: number, limit: number) =>
    Number.isInteger(value) && value >= 0 && value < limit
  return isIndex(z, MAX_ZOOM + 1) && isIndex(x, 2 ** z) && isIndex(y, 2 ** z)
}

/**
 * Do the insides of a tile and an area overlap? A common edge or corner is no overlap, so that the
 * bounds of a tile open it, what is above and below it, and none of its neighbours.
 *
 * Latitudes past the edge of the map (85.05°) lie in no tile.
 */
export function intersectsTile([west, south, east, north]: Bbox, tile: TileAddress): boolean {
  if (!isTileAddress(tile)) return false
  // Whole numbers of cells, and therefore exact at every zoom.
  const size = CELLS / 2 ** tile.z
  const left = tile.x * size
  const top = tile.y * size
  if (!(top < toRow(south) && top + size > toRow(north))) return false
  const [from, to] = [toColumn(west), toColumn(east)]
  const isEastOf = left + size > from
  const isWestOf = left < to
  return west > east ? isEastOf || isWestOf : isEastOf && isWestOf
}

/** Does every place of `inner` lie in `outer`? Compared exactly, on the degrees as they are written. */
export function containsBbox(outer: Bbox, inner: Bbox): boolean {
  if (inner[1] < outer[1] || inner[3] > outer[3]) return false
  return toSpans(inner).every(([from, to]) =>
    toSpans(outer).some(([start, end]) => from >= start && to <= end),
  )
}

/** Cuts an area's longitudes at the antimeridian. */
function toSpans([west, , east]: Bbox): readonly (readonly [number, number])[] {
  if (west <= east) return [[west, east]]
  // What only touches the antimeridian has no part on the other side of it.
  const spans = [[west, 180] as const, [-180, east] as const]
  return spans.filter(([from, to]) => from < to)
}

function toColumn(longitude: number): number {
  return snap(((longitude + 180) * CELLS) / 360)
}

function toRow(latitude: number): number {
  // At the poles the projection is infinite.
  if (latitude >= 90) return Number.NEGATIVE_INFINITY
  if (latitude <= -90) return Number.POSITIVE_INFINITY
  const projected = Math.asinh(Math.tan((latitude * Math.PI) / 180)) / Math.PI
  return snap(((1 - projected) / 2) * CELLS)
}

function snap(cells: number): number {
  const edge = Math.round(cells)
  return Math.abs(cells - edge) < ROUNDING ? edge : cells
}

import type { Place } from './places.ts'
import type { TileCounts } from './tile-counts.ts'

/** A map, or several, that the panel can move and take away. */
export interface RunningMaps {
  look(place: Place): void
  remove(): void
}

/** How a page makes its maps: with Tilepass, or, where it can, with a token that was fetched once. */
export interface Stage {
  withTilepass(counts: TileCounts): RunningMaps
  withoutTilepass?(token: string, counts: TileCounts): RunningMaps
}

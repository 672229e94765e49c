import type { Place } from './places.ts'
import type { TileCounts } from './tile-counts.ts'

/** One or more maps that the panel can move and remove. */
export interface RunningMaps {
  /** Left out: there is no map to move. */
  look?(place: Place): void
  remove(): void
}

/** How a page creates its maps: with Tilepass and, optionally, with a token that is never renewed. */
export interface Stage {
  withTilepass(counts: TileCounts): RunningMaps
  withoutTilepass?(token: string, counts: TileCounts): RunningMaps
}

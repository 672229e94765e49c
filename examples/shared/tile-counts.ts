import type { GridLayer } from 'leaflet'
import type { Map as MapLibreMap } from 'maplibre-gl'

/** Counts tiles. */
export interface TileCounts {
  readonly loaded: number
  /** Tiles that failed, have not loaded since, and are still wanted. */
  readonly missing: number
  load(key: string): void
  /** @param isWanted Whether the map still wants the tile. It drops those that leave the view. */
  fail(key: string, isWanted: () => boolean): void
  reset(): void
}

export function createTileCounts(): TileCounts {
  let loaded = 0
  const failed = new Map<string, () => boolean>()
  return {
    get loaded() {
      return loaded
    },
    get missing() {
      for (const [key, isWanted] of failed) if (!isWanted()) failed.delete(key)
      return failed.size
    },
    load(key) {
      loaded++
      failed.delete(key)
    },
    fail(key, isWanted) {
      failed.set(key, isWanted)
    },
    reset() {
      loaded = 0
      failed.clear()
    },
  }
}

interface Tile {
  readonly state: string
  /** How many views show the tile. */
  readonly uses: number
  readonly tileID: { readonly key: string }
}

/** Counts the tiles of a MapLibre map. A map with an error listener does not print its errors. */
export function countMapLibreTiles(map: MapLibreMap, counts: TileCounts): void {
  const seen = new WeakSet<Tile>()
  map.on('data', (event) => {
    const { tile } = event as { tile?: Tile }
    if (tile?.state !== 'loaded' || seen.has(tile)) return
    seen.add(tile)
    counts.load(tile.tileID.key)
  })
  map.on('error', (event) => {
    const { tile } = event as { tile?: Tile }
    // A tile that "expired" is shown as it was; its reload failed.
    if (!tile || tile.state === 'expired') return
    // It counts again when it loads.
    seen.delete(tile)
    counts.fail(tile.tileID.key, () => tile.uses > 0)
  })
}

/** Counts the tiles of a Leaflet layer. */
export function countLeafletTiles(layer: GridLayer, counts: TileCounts): void {
  layer.on('tileload', ({ coords }) => counts.load(`${coords.z}/${coords.x}/${coords.y}`))
  layer.on('tileerror', ({ coords: { z, x, y }, tile }) =>
    counts.fail(`${z}/${x}/${y}`, () => tile.isConnected),
  )
}

import type { GridLayer } from 'leaflet'
import type { Map as MapLibreMap } from 'maplibre-gl'

/** Counts tiles. A tile that failed and loaded later is not missing. */
export interface TileCounts {
  readonly loaded: number
  /** Tiles that failed and have not loaded since. */
  readonly missing: number
  load(key: string): void
  fail(key: string): void
  reset(): void
}

export function createTileCounts(): TileCounts {
  let loaded = 0
  const missing = new Set<string>()
  return {
    get loaded() {
      return loaded
    },
    get missing() {
      return missing.size
    },
    load(key) {
      loaded++
      missing.delete(key)
    },
    fail(key) {
      missing.add(key)
    },
    reset() {
      loaded = 0
      missing.clear()
    },
  }
}

interface Tile {
  readonly state: string
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
    if (!tile) return
    // It counts again when it loads.
    seen.delete(tile)
    counts.fail(tile.tileID.key)
  })
}

/** Counts the tiles of a Leaflet layer. */
export function countLeafletTiles(layer: GridLayer, counts: TileCounts): void {
  layer.on('tileload', ({ coords }) => counts.load(`${coords.z}/${coords.x}/${coords.y}`))
  layer.on('tileerror', ({ coords }) => counts.fail(`${coords.z}/${coords.x}/${coords.y}`))
}

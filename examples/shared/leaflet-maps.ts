import * as L from 'leaflet'
import { prefersReducedMotion, START } from './places.ts'
import type { RunningMaps } from './stage.ts'
import { countLeafletTiles, type TileCounts } from './tile-counts.ts'

/** Properties of the raster tileset. */
export const TILE_OPTIONS = {
  maxNativeZoom: 3,
  maxZoom: 5,
  attribution: 'Natural Earth',
} satisfies L.TileLayerOptions

/** Shows a layer in a new Leaflet map and counts its tiles. */
export function runLeaflet(
  container: string,
  layer: L.TileLayer,
  counts: TileCounts,
): RunningMaps & { readonly map: L.Map } {
  const map = L.map(container, { zoomSnap: 0.5, maxBoundsViscosity: 1 })
  map.attributionControl.setPrefix('Leaflet')
  map.setMaxBounds([
    [-85, -220],
    [85, 220],
  ])
  map.setView([START.center[1], START.center[0]], Math.round(START.zoom))
  countLeafletTiles(layer, counts)
  layer.addTo(map)
  return {
    map,
    look({ center: [lng, lat], zoom }) {
      if (prefersReducedMotion()) map.setView([lat, lng], Math.round(zoom), { animate: false })
      else map.flyTo([lat, lng], Math.round(zoom), { duration: 2.5 })
    },
    remove() {
      map.remove()
    },
  }
}

/** A layer without Tilepass. `<img>` sends no custom headers, so every URL contains the same token. */
export function createPlainLayer(url: string, token: string): L.TileLayer {
  return L.tileLayer(`${url}?access_token=${encodeURIComponent(token)}`, TILE_OPTIONS)
}

import type { Map as LeafletMap } from 'leaflet'
import type { Map as MapLibreMap } from 'maplibre-gl'
import type { RunningMaps } from '../shared/stage.ts'

/** The vector map's zoom at which raster tiles appear at their native size. */
const SHARP_ZOOM = 2

/** Keeps two maps at the same view, whichever of them the user moves. */
export function keepTogether(
  vector: RunningMaps & { readonly map?: MapLibreMap },
  raster: RunningMaps & { readonly map: LeafletMap },
): RunningMaps {
  if (vector.map) link(vector.map, raster.map)
  const leader = vector.map ? vector : raster
  return {
    look: (place) => leader.look?.(vector.map ? { ...place, zoom: SHARP_ZOOM } : place),
    remove() {
      vector.remove()
      raster.remove()
    },
  }
}

function link(vector: MapLibreMap, raster: LeafletMap): void {
  let isFollowing = false
  const follow = (move: () => void) => {
    if (isFollowing) return
    isFollowing = true
    move()
    isFollowing = false
  }
  raster.options.zoomSnap = 0
  vector.on('move', () =>
    follow(() => {
      const { lng, lat } = vector.getCenter()
      raster.setView([lat, lng], vector.getZoom() + 1, { animate: false })
    }),
  )
  raster.on('move', () =>
    follow(() => {
      const { lng, lat } = raster.getCenter()
      vector.jumpTo({ center: [lng, lat], zoom: raster.getZoom() - 1 })
    }),
  )
  vector.setZoom(SHARP_ZOOM)
}

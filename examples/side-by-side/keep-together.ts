import type { Map as LeafletMap } from 'leaflet'
import type { Map as MapLibreMap } from 'maplibre-gl'
import type { RunningMaps } from '../shared/stage.ts'

/** The vector map's zoom at which raster tiles appear at their native size. */
const SHARP_ZOOM = 2

/** Keeps two maps at the same view, whichever of them the user moves. */
export function keepTogether(
  vector: MapLibreMap,
  vectorRun: RunningMaps,
  raster: RunningMaps & { readonly map: LeafletMap },
): RunningMaps {
  const { map } = raster
  let isFollowing = false
  const follow = (move: () => void) => {
    if (isFollowing) return
    isFollowing = true
    move()
    isFollowing = false
  }
  map.options.zoomSnap = 0
  vector.on('move', () =>
    follow(() => {
      const { lng, lat } = vector.getCenter()
      map.setView([lat, lng], vector.getZoom() + 1, { animate: false })
    }),
  )
  map.on('move', () =>
    follow(() => {
      const { lng, lat } = map.getCenter()
      vector.jumpTo({ center: [lng, lat], zoom: map.getZoom() - 1 })
    }),
  )
  vector.setZoom(SHARP_ZOOM)
  return {
    look: (place) => vectorRun.look({ ...place, zoom: SHARP_ZOOM }),
    remove() {
      vectorRun.remove()
      raster.remove()
    },
  }
}

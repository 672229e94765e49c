import { Map as MapLibreMap, NavigationControl } from 'maplibre-gl'
import { prefersReducedMotion, START } from './places.ts'
import { onSchemeChange, styleUrl } from './scheme.ts'
import type { RunningMaps } from './stage.ts'
import { countMapLibreTiles, type TileCounts } from './tile-counts.ts'

/** Sets a MapLibre map's view, controls and colour scheme, and counts its tiles. */
export function runMapLibre(map: MapLibreMap, counts: TileCounts): RunningMaps {
  map.jumpTo({ center: [...START.center], zoom: START.zoom })
  map.setMaxZoom(7)
  map.addControl(new NavigationControl({ showCompass: false }), 'top-left')
  countMapLibreTiles(map, counts)
  const stop = onSchemeChange(() => map.setStyle(styleUrl()))
  return {
    look({ center, zoom }) {
      const view = { center: [...center] as [number, number], zoom }
      if (prefersReducedMotion()) map.jumpTo(view)
      else map.flyTo({ ...view, duration: 2500 })
    },
    remove() {
      stop()
      map.remove()
    },
  }
}

/** A map without Tilepass: it sends the same token forever. */
export function createPlainMap(container: string, token: string): MapLibreMap {
  return new MapLibreMap({
    container,
    style: styleUrl(),
    transformRequest: (url) =>
      new URL(url, location.href).pathname.startsWith('/v1/')
        ? { url, headers: { Authorization: `Bearer ${token}` } }
        : undefined,
  })
}

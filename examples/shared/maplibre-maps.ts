import { Map as MapLibreMap, NavigationControl } from 'maplibre-gl'
import { prefersReducedMotion, START } from './places.ts'
import { onSchemeChange, styleUrl } from './scheme.ts'
import type { RunningMaps } from './stage.ts'
import { countMapLibreTiles, type TileCounts } from './tile-counts.ts'
import { hasWebGL2, showMissingWebGL } from './webgl.ts'

/**
 * Creates a MapLibre map, sets its view, controls and colour scheme, and counts its tiles. Without
 * WebGL 2 it shows a message instead, and there is no `map`.
 *
 * @param create Called with the id of the container.
 */
export function runMapLibre(
  container: string,
  create: (container: string) => MapLibreMap,
  counts: TileCounts,
): RunningMaps & { readonly map?: MapLibreMap } {
  if (!hasWebGL2()) {
    showMissingWebGL(container)
    return { remove() {} }
  }
  const map = create(container)
  map.jumpTo({ center: [...START.center], zoom: START.zoom })
  map.setMaxZoom(7)
  map.addControl(new NavigationControl({ showCompass: false }), 'top-left')
  countMapLibreTiles(map, counts)
  const stop = onSchemeChange(() => map.setStyle(styleUrl()))
  return {
    map,
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

/** Creates maps without Tilepass: they send the same token forever. */
export function createPlainMap(token: string): (container: string) => MapLibreMap {
  return (container) =>
    new MapLibreMap({
      container,
      style: styleUrl(),
      transformRequest: (url) =>
        new URL(url, location.href).pathname.startsWith('/v1/')
          ? { url, headers: { Authorization: `Bearer ${token}` } }
          : undefined,
    })
}

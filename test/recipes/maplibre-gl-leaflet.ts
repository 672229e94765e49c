import './tokens.ts'
import 'leaflet/dist/leaflet.css'
import { layer } from 'recipe:maplibre-gl-leaflet'
import { Map as LeafletMap } from 'leaflet'
import { setWorkerUrl } from 'maplibre-gl'

declare global {
  var leafletMap: LeafletMap
  var glLayer: typeof layer
  /** Whether the map in the layer shows every tile at this longitude. */
  var showsTiles: (longitude: number) => boolean
}

setWorkerUrl('/lib/maplibre-6/maplibre-gl-worker.mjs')
globalThis.glLayer = layer
globalThis.leafletMap = new LeafletMap('map', { fadeAnimation: false }).setView([0, 0], 3)
globalThis.showsTiles = (longitude) => {
  const map = layer.getMaplibreMap()
  if (Math.round(map.getCenter().lng) !== longitude || !map.loaded()) return false
  // MapLibre's own `areTilesLoaded` is also true if tiles have failed.
  const tiles: { state: string }[] = map.style.tileManagers.land?._inViewTiles.getAllTiles() ?? []
  return tiles.length > 0 && tiles.every(({ state }) => state === 'loaded')
}
layer.addTo(leafletMap)

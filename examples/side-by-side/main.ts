import { createTokenManager } from '@tilepass/core'
import { createTileLayer } from '@tilepass/leaflet'
import { createMapAuthorizer } from '@tilepass/maplibre'
import * as L from 'leaflet'
import { addProtocol, Map as MapLibreMap, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'leaflet/dist/leaflet.css'
import 'maplibre-gl/dist/maplibre-gl.css'
import '../shared/page.css'
import { createDemoSource } from '../shared/demo-source.ts'
import { createPlainLayer, runLeaflet, TILE_OPTIONS } from '../shared/leaflet-maps.ts'
import { createPlainMap, runMapLibre } from '../shared/maplibre-maps.ts'
import { showPanel } from '../shared/panel.ts'
import { styleUrl } from '../shared/scheme.ts'
import { keepTogether } from './keep-together.ts'

setWorkerUrl(workerUrl)
const demo = createDemoSource() // your page passes '/map-token' instead

const tokens = createTokenManager(demo.source, { allow: ['/v1/'] }) // shared by both maps
const { transformRequest, attach } = createMapAuthorizer(tokens, { addProtocol })
const url = '/v1/tiles/world-raster/{z}/{x}/{y}.webp'
function createPrivateMap(): MapLibreMap {
  const map = new MapLibreMap({ container: 'vector', style: styleUrl(), transformRequest })
  attach(map)
  return map
}
const createPrivateLayer = () => createTileLayer(L.TileLayer, url, { tokens, ...TILE_OPTIONS })

showPanel(tokens, demo, {
  withTilepass: (counts) => {
    const map = createPrivateMap()
    return keepTogether(
      map,
      runMapLibre(map, counts),
      runLeaflet('raster', createPrivateLayer(), counts),
    )
  },
  withoutTilepass: (token, counts) => {
    const map = createPlainMap('vector', token)
    return keepTogether(
      map,
      runMapLibre(map, counts),
      runLeaflet('raster', createPlainLayer(url, token), counts),
    )
  },
})

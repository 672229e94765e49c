import { createTokenManager } from '@tilepass/core'
import { createTileLayer } from '@tilepass/leaflet'
import { createMapAuthorizer } from '@tilepass/maplibre'
import { TokenControl } from '@tilepass/maplibre/control'
import * as L from 'leaflet'
import { addProtocol, Map as MapLibreMap, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'leaflet/dist/leaflet.css'
import 'maplibre-gl/dist/maplibre-gl.css'
import '../shared/page.css'
import { createDemoSource } from '../shared/demo-source.ts'
import { createPlainLayer, runLeaflet, TILE_OPTIONS } from '../shared/leaflet-maps.ts'
import { addTokenNotice } from '../shared/leaflet-notice.ts'
import { createPlainMap, runMapLibre } from '../shared/maplibre-maps.ts'
import { showPanel } from '../shared/panel.ts'
import { styleUrl } from '../shared/scheme.ts'
import { keepTogether } from './keep-together.ts'

setWorkerUrl(workerUrl)
const demo = createDemoSource() // your page passes '/map-token' instead

const tokens = createTokenManager(demo.source, { allow: ['/v1/'] }) // shared by both maps
const { transformRequest, attach } = createMapAuthorizer(tokens, { addProtocol })
const url = '/v1/tiles/world-raster/{z}/{x}/{y}.webp'
function createPrivateMap(container: string): MapLibreMap {
  const map = new MapLibreMap({ container, style: styleUrl(), transformRequest })
  attach(map)
  map.addControl(new TokenControl(tokens), 'bottom-left') // shows itself when there is no token
  return map
}
const createPrivateLayer = () => createTileLayer(L.TileLayer, url, { tokens, ...TILE_OPTIONS })

showPanel(tokens, demo, {
  withTilepass(counts) {
    const vector = runMapLibre('vector', createPrivateMap, counts)
    const raster = runLeaflet('raster', createPrivateLayer(), counts)
    addTokenNotice(raster.map, tokens)
    return keepTogether(vector, raster)
  },
  withoutTilepass: (token, counts) =>
    keepTogether(
      runMapLibre('vector', createPlainMap(token), counts),
      runLeaflet('raster', createPlainLayer(url, token), counts),
    ),
})

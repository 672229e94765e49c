import { createTokenManager } from '@tilepass/core'
import { createMapAuthorizer } from '@tilepass/maplibre'
import { addProtocol, Map as MapLibreMap, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'

setWorkerUrl(workerUrl)
const tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
const auth = createMapAuthorizer(tokens, { addProtocol })
const map = new MapLibreMap({
  container: 'map',
  center: [10, 50],
  zoom: 2,
  attributionControl: false,
  transformRequest: auth.transformRequest,
  style: {
    version: 8,
    sources: { world: { type: 'raster', tileSize: 256, url: '/v1/tiles/world-raster/metadata' } },
    layers: [{ id: 'world', type: 'raster', source: 'world' }],
  },
})
auth.attach(map)
Object.assign(globalThis, { map, tokens })

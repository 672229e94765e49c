import { createTokenManager } from '@tilepass/core'
import { createMapAuthorizer } from '@tilepass/maplibre'
import { TokenControl } from '@tilepass/maplibre/control'
import { addProtocol, Map as MapLibreMap, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import '@tilepass/maplibre/control.css'
import '../shared/page.css'
import { createDemoSource } from '../shared/demo-source.ts'
import { createPlainMap, runMapLibre } from '../shared/maplibre-maps.ts'
import { showPanel } from '../shared/panel.ts'
import { styleUrl } from '../shared/scheme.ts'

setWorkerUrl(workerUrl)
const demo = createDemoSource() // your page passes '/map-token' instead

const tokens = createTokenManager(demo.source, { allow: ['/v1/'] })
const auth = createMapAuthorizer(tokens, { addProtocol })
function createPrivateMap(container: string): MapLibreMap {
  const { transformRequest } = auth
  const map = new MapLibreMap({ container, style: styleUrl(), transformRequest })
  auth.attach(map)
  map.addControl(new TokenControl(tokens), 'bottom-left') // shows itself when there is no token
  return map
}

showPanel(tokens, demo, {
  withTilepass: (counts) => runMapLibre('map', createPrivateMap, counts),
  withoutTilepass: (token, counts) => runMapLibre('map', createPlainMap(token), counts),
})

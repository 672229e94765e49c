import { createTokenManager } from '@tilepass/core'
import { createTileLayer } from '@tilepass/leaflet'
import * as L from 'leaflet'
import 'leaflet/dist/leaflet.css'
import '../shared/page.css'
import { createDemoSource } from '../shared/demo-source.ts'
import { createPlainLayer, runLeaflet, TILE_OPTIONS } from '../shared/leaflet-maps.ts'
import { addTokenNotice } from '../shared/leaflet-notice.ts'
import { showPanel } from '../shared/panel.ts'

const demo = createDemoSource() // your page passes '/map-token' instead

const tokens = createTokenManager(demo.source, { allow: ['/v1/'] })
const url = '/v1/tiles/world-raster/{z}/{x}/{y}.webp'
const createPrivateLayer = () => createTileLayer(L.TileLayer, url, { tokens, ...TILE_OPTIONS })

showPanel(tokens, demo, {
  withTilepass(counts) {
    const run = runLeaflet('map', createPrivateLayer(), counts)
    addTokenNotice(run.map, tokens) // shows itself when there is no token
    return run
  },
  withoutTilepass: (token, counts) => runLeaflet('map', createPlainLayer(url, token), counts),
})
